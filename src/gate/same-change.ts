import { canonicalJson, sha256Hex } from "../model/canonical-json.ts";
import type { ChangedFile } from "../model/pull-request.ts";

/** Files in which a commit differs from its merge base, as GitHub's three-dot comparison lists them. */
export interface Comparison {
  mergeBase?: string;
  files: ChangedFile[];
  /** The list is whole. */
  complete: boolean;
}

/** What a pull request changes at one commit, in the form that is remembered: neither text nor line of anybody's code. */
export interface Change {
  mergeBase: string;
  files: FileChange[];
}

interface FileChange {
  path: string;
  previousPath?: string;
  status: ChangedFile["status"];
  /** Git's file mode at the commit, `100755`; null where the file is removed. */
  mode: string | null;
  blob: string | null;
  /** SHA-256 over all lines of all hunks, context and blanks included, without their positions; null where GitHub gives no patch. */
  lines: string | null;
  /** Of each hunk the first line of the old side and how many lines of it are there. */
  hunks: [start: number, lines: number][];
}

/** `ask-base`: whether it is the same depends on what the base did to these files; compare the two merge bases. */
export type Likeness = "same" | "different" | "ask-base";

/**
 * The change at a commit; undefined where it cannot be told in full: the list of files is cut, a patch is cut, or a file's mode is not known.
 * @param modes files of the commit's tree.
 */
export function changeOf(
  comparison: Comparison,
  modes: ReadonlyMap<string, { sha: string; mode?: string }>,
): Change | undefined {
  const { mergeBase, complete } = comparison;
  if (mergeBase === undefined || !complete) return undefined;
  const files: FileChange[] = [];
  for (const file of comparison.files) {
    const hunks = file.patch === undefined ? [] : hunksOf(file);
    const entry = modes.get(file.path);
    const removed = file.status === "removed";
    if (!hunks || file.blobSha === null) return undefined;
    if (!removed && (entry?.mode === undefined || entry.sha !== file.blobSha)) return undefined;
    files.push({
      path: file.path,
      ...(file.previousPath === undefined ? {} : { previousPath: file.previousPath }),
      status: file.status,
      mode: removed ? null : (entry?.mode ?? null),
      blob: file.blobSha,
      lines: file.patch === undefined ? null : sha256Hex(canonicalJson(hunks.map((hunk) => hunk.lines))),
      hunks: hunks.map((hunk) => [hunk.start, hunk.length]),
    });
  }
  return { mergeBase, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/**
 * Whether two commits of a pull request propose the very same change, so that what was said of one may be said of the other. As `git patch-id
 * --stable` it looks at files, lines and their surroundings and not at line numbers; unlike it, blanks and modes count, binary files count by
 * their blob, and a hunk may only have moved as far as the base moved the lines that it stands on. Else the same lines could be put into
 * another function that looks alike.
 * @param base what lies between the two merge bases, once `ask-base` was the answer.
 */
export function likeness(reviewed: Change, head: Change, base?: Comparison): Likeness {
  if (reviewed.files.length !== head.files.length) return "different";
  const pairs: [FileChange, FileChange][] = [];
  for (const [i, a] of reviewed.files.entries()) {
    const b = head.files[i];
    if (!b || !alike(a, b)) return "different";
    pairs.push([a, b]);
  }
  const moved = pairs.filter(([a, b]) => a.blob !== b.blob);
  // On one base the same lines give the same file, unless they stand elsewhere.
  if (reviewed.mergeBase === head.mergeBase) return moved.length === 0 ? "same" : "different";
  // A file without a patch that stayed what it was may by that undo what the base did to it.
  const unseen = pairs.filter(([a]) => a.lines === null);
  if (moved.length === 0 && unseen.length === 0) return "same";
  if (!base) return "ask-base";
  // Only forwards: what was taken out of the base again would be brought back by the pull request's silence.
  if (base.mergeBase !== reviewed.mergeBase) return "different";
  const proven =
    moved.every(([a, b]) => movedWithBase(a, b, base)) &&
    (unseen.length === 0 || base.complete) &&
    unseen.every(([a]) => !touches(base, a));
  return proven ? "same" : "different";
}

function touches(base: Comparison, { path, previousPath }: FileChange): boolean {
  const paths = new Set([path, ...(previousPath === undefined ? [] : [previousPath])]);
  return base.files.some((file) => paths.has(file.path) || paths.has(file.previousPath ?? ""));
}

function alike(a: FileChange, b: FileChange): boolean {
  return (
    a.path === b.path &&
    a.previousPath === b.previousPath &&
    a.status === b.status &&
    a.mode === b.mode &&
    a.lines === b.lines &&
    (a.lines !== null || a.blob === b.blob)
  );
}

/** Every hunk stands on the very lines that it stood on, wherever the base has moved them. */
function movedWithBase(a: FileChange, b: FileChange, base: Comparison): boolean {
  const file = base.files.find((one) => one.path === (a.previousPath ?? a.path));
  const hunks = file?.status === "modified" && file.patch !== undefined ? hunksOf(file) : undefined;
  if (!hunks || a.hunks.length !== b.hunks.length) return false;
  return a.hunks.every(([start, length], i) => {
    const [newStart, newLength] = b.hunks[i] ?? [0, 0];
    if (length === 0 || length !== newLength) return false;
    return Array.from({ length }, (_, n) => lineAfter(hunks, start + n)).every((line, n) => line === newStart + n);
  });
}

interface Hunk {
  /** First line of the old side, counted from 1, and how many lines of it the hunk shows. */
  start: number;
  length: number;
  newLength: number;
  /** With their signs. */
  lines: string[];
}

const HUNK = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@/;

/** The hunks of a patch; undefined where they do not add up to what GitHub counted, as in a patch that was cut. */
function hunksOf(file: ChangedFile): Hunk[] | undefined {
  const hunks: Hunk[] = [];
  let [added, removed] = [0, 0];
  for (const line of file.patch?.split("\n") ?? []) {
    const header = HUNK.exec(line);
    const hunk = hunks.at(-1);
    if (header && (!hunk || isWhole(hunk))) {
      const [, start, length = "1", , newLength = "1"] = header;
      hunks.push({ start: Number(start), length: Number(length), newLength: Number(newLength), lines: [] });
    } else if (hunk && /^[-+ \\]/.test(line)) {
      hunk.lines.push(line);
      if (line.startsWith("+")) added++;
      if (line.startsWith("-")) removed++;
    } else return undefined;
  }
  return added === file.additions && removed === file.deletions && hunks.every(isWhole) ? hunks : undefined;
}

function isWhole({ lines, length, newLength }: Hunk): boolean {
  const old = lines.filter((line) => /^[- ]/.test(line)).length;
  const fresh = lines.filter((line) => /^[+ ]/.test(line)).length;
  return old === length && fresh === newLength;
}

/** Where a line of the old side stands on the new one; undefined if it is gone. */
function lineAfter(hunks: Hunk[], line: number): number | undefined {
  let shift = 0;
  for (const hunk of hunks) {
    if (line < hunk.start) break;
    if (line < hunk.start + hunk.length) {
      let [old, fresh] = [hunk.start, hunk.start + shift];
      for (const one of hunk.lines) {
        if (one.startsWith("\\")) continue;
        if (old === line && !one.startsWith("+")) return one.startsWith("-") ? undefined : fresh;
        if (!one.startsWith("+")) old++;
        if (!one.startsWith("-")) fresh++;
      }
    }
    shift += hunk.newLength - hunk.length;
  }
  return line + shift;
}
