import type { ChangedFile, CommitSummary } from "../model/pull-request.ts";
import { SCAN_WORKFLOW } from "../model/scan.ts";
import { GitHubError, type RepositoryApi, type TreeEntry } from "../ports/github.ts";
import { type CommitToScan, filesOfBlob, newSideOfPatch, prepareFile, type ScanLimits } from "../scan/secrets.ts";

/** Files that decide about other files: who touches them needs an administrator's word by default policy. */
export const TRUSTED_PATHS: readonly string[] = [
  ".github/hms.yml",
  ".github/hms-waivers.yml",
  `.github/workflows/${SCAN_WORKFLOW}`,
];
/** What scanners go by, and a team's own one: the folder itself too, as a link could stand there. */
const TRUSTED_FOLDER = ".github/hms-scan";
/** Changes whenever the same commit could touch other trusted files. */
export const TRUST_REVISION = "trust-2";

function isTrusted(path: string, own: readonly string[]): boolean {
  if (path === TRUSTED_FOLDER || path.startsWith(`${TRUSTED_FOLDER}/`)) return true;
  return TRUSTED_PATHS.includes(path) || own.includes(path);
}

/** Blobs that are fetched for one commit, each a call. */
const BLOBS_MAX = 300;
/** Bytes of blobs, as a multiple of the text that one commit may have: of an image little is text. */
const BYTES_PER_TEXT = 4;
/** https://docs.github.com/en/rest/commits/commits#get-a-commit */
const GITHUB_FILES_MAX = 3_000;
/** https://docs.github.com/en/rest/git/blobs#get-a-blob */
const GITHUB_BLOB_BYTES_MAX = 100 * 1024 * 1024;

export interface ReadCommit {
  commit: CommitToScan;
  summary: CommitSummary;
  touchesTrusted: string[];
  /** GitHub lists all files of the commit. */
  complete: boolean;
  /** It lists as many as it ever does: asking again brings no more. */
  cut: boolean;
}

/** What is to be scanned of a commit: the added lines, and blobs where the patch does not show them. */
export async function readCommit(
  api: RepositoryApi,
  sha: string,
  limits: Pick<ScanLimits, "commitSize">,
  trusted: readonly string[] = [],
): Promise<ReadCommit> {
  const { summary, files, complete } = await api.commit(sha);
  const changed = await ownChanges(api, summary, files);
  const toScan: CommitToScan["files"] = [];
  const blobs: BlobToRead[] = [];
  for (const file of changed.files) {
    const preparation = prepareFile(file);
    const own = (added: ReadonlySet<number>) => ownLines(added, file.path, changed.others);
    if (preparation.kind === "ready") {
      const { addedLines } = preparation.file;
      toScan.push(addedLines ? { ...preparation.file, addedLines: own(addedLines) } : preparation.file);
    } else if (preparation.kind === "blob") {
      blobs.push({ file, addedLines: preparation.addedLines && own(preparation.addedLines) });
    }
  }
  toScan.push(...(await readBlobs(api, summary, await withoutMoved(api, summary, blobs), limits)));
  return {
    commit: { sha, message: summary.message, files: toScan },
    summary,
    touchesTrusted: changed.touched.filter((path) => isTrusted(path, trusted)),
    complete,
    cut: !complete && files.length >= GITHUB_FILES_MAX,
  };
}

interface BlobToRead {
  file: ChangedFile;
  addedLines: ReadonlySet<number> | undefined;
}

interface OwnChanges {
  files: ChangedFile[];
  /** The same files against the other parents of a merge, by path. */
  others: Map<string, ChangedFile>[];
  /** Every path that differs from any parent. */
  touched: string[];
}

/**
 * GitHub shows a merge against its first parent, which for a branch that took in its base is the base's work and not the author's. What
 * a merge itself brought differs from all of its sides.
 */
async function ownChanges(api: RepositoryApi, summary: CommitSummary, files: ChangedFile[]): Promise<OwnChanges> {
  let own = files;
  const others: OwnChanges["others"] = [];
  const touched = pathsOf(files);
  for (const parent of summary.parents.slice(1)) {
    const other = await api.compare(parent, summary.sha);
    const byPath = new Map(other.files.map((file) => [file.path, file]));
    // What a merge leaves out of its base shows only against the base.
    touched.push(...pathsOf(other.files));
    // A cut list cannot take anything out: then the file is scanned although it may be the base's.
    if (other.complete) own = own.filter((file) => byPath.has(file.path));
    others.push(byPath);
  }
  return { files: own, others, touched };
}

function pathsOf(files: ChangedFile[]): string[] {
  return files.flatMap((file) => [file.path, ...(file.previousPath ? [file.previousPath] : [])]);
}

/** Of a merge only the lines that are new against every side are its own. */
function ownLines(added: ReadonlySet<number>, path: string, others: OwnChanges["others"]): ReadonlySet<number> {
  let own = added;
  for (const other of others) {
    const file = other.get(path);
    if (file?.patch === undefined) continue;
    const side = newSideOfPatch(file.patch, file);
    if (side.truncated === undefined) own = new Set([...own].filter((line) => side.added.has(line)));
  }
  return own;
}

/** Leaves out files that were only moved. Their counts do not prove it, since no lines of binary files are counted; their blob does. */
async function withoutMoved(api: RepositoryApi, summary: CommitSummary, blobs: BlobToRead[]): Promise<BlobToRead[]> {
  const parent = summary.parents[0];
  const moved = ({ file }: BlobToRead) => file.previousPath !== undefined && file.additions + file.deletions === 0;
  if (parent === undefined || !blobs.some(moved)) return blobs;
  const before = await treeOf(api, parent);
  return blobs.filter(
    (blob) =>
      !moved(blob) || blob.file.blobSha === null || before.get(blob.file.previousPath ?? "")?.sha !== blob.file.blobSha,
  );
}

/** One after the other: sizes are asked first, and what lies beyond the commit's limits is not fetched. */
async function readBlobs(
  api: RepositoryApi,
  summary: CommitSummary,
  blobs: BlobToRead[],
  limits: Pick<ScanLimits, "commitSize">,
): Promise<CommitToScan["files"]> {
  const read: CommitToScan["files"] = [];
  const sizes = blobs.length > 0 ? await treeOf(api, summary.sha) : new Map<string, TreeEntry>();
  let bytesLeft = limits.commitSize * BYTES_PER_TEXT;
  let textLeft = limits.commitSize;
  let blobsLeft = BLOBS_MAX;
  for (const { file, addedLines } of blobs) {
    const { path, blobSha } = file;
    const sizeBytes = sizes.get(path)?.sizeBytes;
    if (blobSha === null) {
      read.push({ path, unreadable: "GitHub names no blob for it" });
    } else if (sizeBytes !== undefined && sizeBytes > GITHUB_BLOB_BYTES_MAX) {
      read.push({ path, unreadable: "it is larger than the 100 MB that GitHub's API gives" });
    } else if (blobsLeft <= 0) {
      const unreadable = `more than ${BLOBS_MAX} of its files have no whole patch, which is the limit of one commit`;
      read.push({ path, unreadable, beyondCommit: true });
    } else if (textLeft <= 0 || bytesLeft <= 0 || (sizeBytes ?? 0) > bytesLeft) {
      const unreadable = "all its files together are beyond the limit of the commit";
      read.push({ path, unreadable, beyondCommit: true });
    } else {
      blobsLeft--;
      const { bytes, files } = await readBlob(api, path, blobSha, addedLines);
      bytesLeft -= bytes;
      for (const one of files) if ("text" in one) textLeft -= one.text.length;
      read.push(...files);
    }
  }
  return read;
}

async function readBlob(
  api: RepositoryApi,
  path: string,
  blobSha: string,
  addedLines: ReadonlySet<number> | undefined,
): Promise<{ bytes: number; files: CommitToScan["files"] }> {
  try {
    const bytes = await api.blob(blobSha);
    return { bytes: bytes.byteLength, files: filesOfBlob(path, bytes, addedLines) };
  } catch (error) {
    const unreadable = "GitHub does not give its content";
    // A permission or a replica that lags may be another tomorrow. What GitHub refuses as such it refuses again.
    if (isFault(error, "not-found", "forbidden")) return { bytes: 0, files: [{ path, unreadable, passing: true }] };
    if (isFault(error, "refused")) return { bytes: 0, files: [{ path, unreadable }] };
    throw error;
  }
}

/** Empty where GitHub does not give it: then sizes show only when a blob was fetched, and no move is proven. */
async function treeOf(api: RepositoryApi, sha: string): Promise<Map<string, TreeEntry>> {
  try {
    return await api.tree(sha);
  } catch (error) {
    if (isFault(error, "not-found", "forbidden", "refused")) return new Map();
    throw error;
  }
}

function isFault(error: unknown, ...faults: GitHubError["fault"][]): boolean {
  return error instanceof GitHubError && faults.includes(error.fault);
}
