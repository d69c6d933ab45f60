import type { ChangedFile } from "../../model/pull-request.ts";
import type { FileToScan } from "./file.ts";

/** The new side of a unified diff: the lines that a commit added, with the context that its hunks show. */
export interface NewSide {
  /** Lines joined by `\n`; hunks are parted by one empty line. */
  text: string;
  /** For each line of `text` its 1-based line in the new version; 0 for the line between two hunks. */
  lineNumbers: number[];
  /** Line numbers of the new version that the commit added. */
  added: Set<number>;
  /** Why the patch does not show the whole change; absent when it does. */
  truncated?: string;
}

const HUNK_HEADER = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/**
 * Reads GitHub's `patch` (unified diff hunks without file headers). The counts of the hunk headers lead, not the looks of a line, so
 * content that looks like a header cannot end a hunk. `expected` are GitHub's own counts for the file.
 */
export function newSideOfPatch(patch: string, expected?: { additions: number; deletions: number }): NewSide {
  const side: NewSide = { text: "", lineNumbers: [], added: new Set() };
  const out: string[] = [];
  let oldLeft = 0;
  let newLeft = 0;
  let newLine = 0;
  let additions = 0;
  let deletions = 0;
  const lines = patch.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const raw of lines) {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (line.startsWith("\\")) continue; // "\ No newline at end of file"
    if (oldLeft === 0 && newLeft === 0) {
      const header = HUNK_HEADER.exec(line);
      if (!header) {
        side.truncated ??= "the patch holds a line outside of its hunks";
        break;
      }
      oldLeft = Number(header[1] ?? 1);
      newLeft = Number(header[3] ?? 1);
      newLine = Number(header[2]);
      if (out.length > 0) push(out, side, "", 0);
      continue;
    }
    const mark = line[0] ?? " ";
    if (mark === "+" && newLeft > 0) {
      side.added.add(newLine);
      push(out, side, line.slice(1), newLine++);
      newLeft--;
      additions++;
    } else if (mark === "-" && oldLeft > 0) {
      oldLeft--;
      deletions++;
    } else if (mark === " " && oldLeft > 0 && newLeft > 0) {
      push(out, side, line.slice(1), newLine++);
      oldLeft--;
      newLeft--;
    } else {
      side.truncated ??= "the patch does not hold what its hunk header says";
      break;
    }
  }
  if (oldLeft > 0 || newLeft > 0) side.truncated ??= "the patch ends inside a hunk";
  if (expected && (expected.additions !== additions || expected.deletions !== deletions)) {
    side.truncated ??= `the patch shows +${additions} −${deletions} of +${expected.additions} −${expected.deletions} lines`;
  }
  side.text = out.join("\n");
  return side;
}

function push(out: string[], side: NewSide, text: string, lineNumber: number): void {
  out.push(text);
  side.lineNumbers.push(lineNumber);
}

/** What has to be done to scan one changed file. `blob`: the patch is not enough, fetch the new side's blob and use `filesOfBlob`. */
export type Preparation =
  | { kind: "ready"; file: FileToScan }
  | { kind: "blob"; reason: string; addedLines?: ReadonlySet<number> }
  | { kind: "nothing"; reason: string };

const KEY_EDGE = /(BEGIN|END)[A-Z0-9 ]{0,40}PRIVATE KEY/g;

/** A hunk shows the beginning of a private key without its end, or the end without the beginning: the rest may be older. */
function cutsPrivateKey(side: NewSide): boolean {
  const lines = side.text.split("\n");
  let open = false;
  for (const [at, line] of lines.entries()) {
    if (side.lineNumbers[at] === 0 && open) return true;
    for (const [, edge] of line.matchAll(KEY_EDGE)) {
      if ((edge === "BEGIN") === open) return true;
      open = !open;
    }
  }
  return open;
}

/**
 * Decides from GitHub's list of changed files how a file is scanned. Never calls a file clean that it has not seen: without a patch no
 * count proves that nothing changed, since GitHub counts no lines of a binary file.
 */
export function prepareFile(file: ChangedFile): Preparation {
  if (file.status === "removed") return { kind: "nothing", reason: "removed" };
  if (file.patch === undefined) return { kind: "blob", reason: "GitHub gives no patch" };
  const side = newSideOfPatch(file.patch, file);
  if (side.truncated !== undefined) return { kind: "blob", reason: side.truncated };
  if (side.added.size === 0) return { kind: "nothing", reason: "no added lines" };
  if (cutsPrivateKey(side)) return { kind: "blob", reason: "a hunk cuts a private key", addedLines: side.added };
  return {
    kind: "ready",
    file: { path: file.path, text: side.text, lineNumbers: side.lineNumbers, addedLines: side.added },
  };
}
