import type { Finding } from "../model/finding.ts";
import { type FileToScan, toolFileName } from "./secrets/file.ts";
import { findingsOf, placeHits } from "./secrets/hits.ts";
import { type PoolOptions, type PoolResult, ScanPool } from "./secrets/pool.ts";
import { unscanned } from "./secrets/unscanned.ts";

export { type FileToScan, filesOfBlob } from "./secrets/file.ts";
export { type NewSide, newSideOfPatch, type Preparation, prepareFile } from "./secrets/patch.ts";
export { ScannerUnavailable } from "./secrets/pool.ts";
export { inAnyCommit, unscanned } from "./secrets/unscanned.ts";

/** Changes whenever the same commit could get other findings: part of every cache key. A test ties it to the installed tool. */
export const SCANNER_REVISION = "secretlint-13.0.7/hms-3";

/** What a scan may cost. Whatever lies beyond is reported as not scanned, never passed over. */
export interface ScanLimits {
  /** Of one file's text, in UTF-16 code units. */
  fileSize: number;
  /** Of all of a commit's texts together. */
  commitSize: number;
  /** For one file, in the scanner's thread. */
  fileMs: number;
  /** For a commit as a whole; beyond it the scan is incomplete and has to be run again. */
  commitMs: number;
}

export const DEFAULT_LIMITS: ScanLimits = {
  fileSize: 5 * 1024 * 1024,
  commitSize: 50 * 1024 * 1024,
  fileMs: 10_000,
  commitMs: 120_000,
};

/** A file of which nothing could be read: too large for GitHub's API, or its blob could not be had. */
export interface UnreadableFile {
  path: string;
  unreadable: string;
  /** It may be had another time. */
  passing?: true;
  /** It lies beyond a limit of the commit: such files are one finding together, `unreadable` says which limit. */
  beyondCommit?: true;
}

export interface CommitToScan {
  /** 40-hex. */
  sha: string;
  message: string;
  files: (FileToScan | UnreadableFile)[];
}

export interface CommitScan {
  findings: Finding[];
  /** What the reader should know, one sentence each. */
  notes: string[];
  /** Set when the commit was not scanned to its end: the findings hold, but there may be more. The report is then *unknown*. */
  incomplete?: string;
  /** Set when something was not scanned for a reason that may pass: the findings hold now and are not to be remembered. */
  passing?: true;
}

export interface SecretScanner {
  /** Looks through a commit's message and files. Rejects only when the scanner itself cannot run. */
  scanCommit(commit: CommitToScan, limits?: Partial<ScanLimits>): Promise<CommitScan>;
  /**
   * The findings with `headLine` set where the same fingerprint still stands in the head's version of `path`; `headText` undefined: the
   * head has no such file. Findings of other paths are given back as they are. Undefined when the scanner did not get through it.
   */
  headLines(findings: readonly Finding[], path: string, headText: string | undefined): Promise<Finding[] | undefined>;
  close(): Promise<void>;
}

const POOL: PoolOptions = {
  size: 2,
  memoryMb: 256,
  program: new URL("./secrets/worker.ts", import.meta.url),
  startMs: 30_000,
};

/** A scanner for secrets with its own threads, which start when first needed. */
export function createSecretScanner(pool: Partial<PoolOptions> = {}): SecretScanner {
  const threads = new ScanPool({ ...POOL, ...pool });
  return {
    scanCommit: (commit, limits) => scanCommit(threads, commit, { ...DEFAULT_LIMITS, ...limits }),
    headLines: (findings, path, headText) => headLines(threads, findings, path, headText),
    close: () => threads.close(),
  };
}

async function scanCommit(threads: ScanPool, commit: CommitToScan, limits: ScanLimits): Promise<CommitScan> {
  const scan: CommitScan = { findings: [], notes: [] };
  const deadline = performance.now() + limits.commitMs;
  const message = { path: undefined, text: withoutMark(commit.message) };
  let sizeLeft = limits.commitSize - message.text.length;
  let skipped: { path: string; why: string }[] = [];
  const tooMuch = `all its files together are beyond the limit of ${size(limits.commitSize)}`;
  const parts = await Promise.all(
    [message, ...commit.files].map(async (file): Promise<Finding[]> => {
      if ("unreadable" in file) {
        if (file.passing) scan.passing = true;
        if (file.beyondCommit) {
          skipped = [...skipped, { path: file.path, why: file.unreadable }];
          return [];
        }
        return [unscanned(commit.sha, file.path, `${file.path} was not scanned: ${file.unreadable}.`)];
      }
      const binary = "binary" in file && file.binary === true;
      const whole = withoutMark(file.text);
      const text = binary ? whole.slice(0, limits.fileSize) : whole;
      if (text.length > limits.fileSize) {
        const why = `its ${size(text.length)} are beyond the limit of ${size(limits.fileSize)}`;
        return [unscanned(commit.sha, file.path, `${file.path ?? "The commit message"} was not scanned: ${why}.`)];
      }
      sizeLeft -= text.length;
      if (sizeLeft < 0) {
        skipped = [...skipped, { path: file.path ?? "", why: tooMuch }];
        return [];
      }
      if (binary)
        scan.notes.push(`Binary file ${file.path} in ${commit.sha.slice(0, 7)}: its printable strings were scanned.`);
      const rest = whole.length - text.length;
      const cut = `${file.path} was not scanned to its end: its printable strings are ${size(whole.length)}, the limit is ${size(limits.fileSize)}.`;
      const beyond = rest > 0 ? [unscanned(commit.sha, file.path, cut)] : [];
      const result = await threads.run(toolFileName(file.path), text, () =>
        Math.min(limits.fileMs, deadline - performance.now()),
      );
      if (result.kind === "hits") return [...findingsOf(partOf(file, text), commit.sha, result.hits), ...beyond];
      if (performance.now() >= deadline) {
        scan.incomplete = `Commit ${commit.sha.slice(0, 7)} took longer than ${limits.commitMs / 1000} s to scan.`;
        return [];
      }
      scan.passing = true;
      return [unscanned(commit.sha, file.path, unscannedText(file.path, text, result, limits))];
    }),
  );
  scan.findings = parts.flat();
  const first = skipped[0];
  if (first) {
    const text = `${skipped.length} files of this commit were not scanned, ${first.path} the first: ${first.why}.`;
    scan.findings.push(unscanned(commit.sha, undefined, text));
  }
  return scan;
}

function partOf(file: FileToScan | { path: undefined; text: string }, text: string): Parameters<typeof findingsOf>[0] {
  const { path, ...rest } = file;
  return path === undefined ? { ...rest, text } : { ...rest, path, text };
}

function unscannedText(path: string | undefined, text: string, result: PoolResult, limits: ScanLimits): string {
  const why =
    result.kind === "timeout"
      ? `its ${size(text.length)} took the scanner longer than ${limits.fileMs / 1000} s`
      : `the scanner failed on its ${size(text.length)}`;
  return `${path ?? "The commit message"} was not scanned to its end: ${why}.`;
}

async function headLines(
  threads: ScanPool,
  findings: readonly Finding[],
  path: string,
  headText: string | undefined,
): Promise<Finding[] | undefined> {
  const concerned = findings.some((finding) => finding.location.path === path);
  const standing = new Map<string, number>();
  if (concerned && headText !== undefined && headText.length <= DEFAULT_LIMITS.fileSize) {
    const text = withoutMark(headText);
    const result = await threads.run(toolFileName(path), text, () => DEFAULT_LIMITS.fileMs);
    if (result.kind !== "hits") return undefined;
    for (const hit of placeHits(path, text, result.hits)) standing.set(hit.fingerprint, hit.firstLine + 1);
  }
  return findings.map((finding) => {
    if (finding.location.path !== path) return finding;
    const { headLine: _old, ...location } = finding.location;
    const headLine = standing.get(finding.fingerprint);
    return { ...finding, location: headLine === undefined ? location : { ...location, headLine } };
  });
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function size(units: number): string {
  return units >= 1024 * 1024 ? `${(units / 1024 / 1024).toFixed(1)} MB` : `${Math.ceil(units / 1024)} KB`;
}
