import type { Finding, ScanReport } from "../model/finding.ts";
import type { ChangedFile, CommitSummary, PullRequest } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import { GitHubError, type RepositoryApi } from "../ports/github.ts";
import type { Records } from "../ports/records.ts";
import {
  type CommitToScan,
  filesOfBlob,
  prepareFile,
  SCANNER_REVISION,
  type ScanLimits,
  type SecretScanner,
} from "../scan/secrets.ts";

/** Files that decide about other files: who touches them needs an administrator's word by default policy. */
export const TRUSTED_PATHS = [".github/hms.yml", ".github/hms-waivers.yml", ".github/workflows/hms-scan.yml"];

/** What is remembered of one commit: commits do not change, so neither do the findings of one scanner revision. */
interface ScannedCommit {
  findings: Finding[];
  notes: string[];
  touchesTrusted: string[];
}

export interface CommitsScan {
  report: ScanReport;
  /** Trusted paths that any commit of the pull request touches; null when a list could not be had whole. */
  touchesTrusted: string[] | null;
  /** The commits, for who made the last one; undefined when the list was truncated. */
  head: CommitSummary | undefined;
}

/** GitHub's API gives blobs up to 100 MB; what is larger than the scanner's own limit is not fetched at all. */
const CONCURRENT_COMMITS = 4;

/**
 * Looks for secrets in every commit of the pull request, since deleting a line does not unleak it. Commits that were scanned before, in
 * this or another pull request, are not read again.
 */
export async function scanCommits(
  deps: { api: RepositoryApi; records: Records; scanner: SecretScanner; installationId: number },
  pull: PullRequest,
  limits: Pick<ScanLimits, "fileSize" | "commitSize">,
): Promise<CommitsScan> {
  const kind = "secrets";
  const sha = pull.headSha;
  const single = pull.commits === 1;
  const listed = single ? { commits: [], complete: true } : await deps.api.pullCommits(pull);
  if (!listed.complete) {
    const reason = `GitHub lists ${listed.commits.length} of this pull request's ${pull.commits} commits; the others could not be scanned.`;
    return { report: { kind, status: "unknown", sha, reason }, touchesTrusted: null, head: undefined };
  }
  const shas = single ? [sha] : listed.commits.map((commit) => commit.sha);
  let head = listed.commits.at(-1);
  const revision = `${SCANNER_REVISION}-${limits.fileSize}-${limits.commitSize}`;
  const scanned: ScannedCommit[] = [];
  const incomplete: string[] = [];
  const queue = [...shas];
  await Promise.all(
    Array.from({ length: CONCURRENT_COMMITS }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const key = storageKey.scan(deps.installationId, deps.api.ref.id, kind, revision, next);
        const known = await deps.records.get<ScannedCommit>(key);
        if (known) {
          scanned.push(known.value);
          continue;
        }
        const read = await readCommit(deps.api, next);
        if (next === sha) head ??= read.summary;
        if (!read.complete) {
          incomplete.push(`GitHub does not list all files of commit ${next.slice(0, 7)}.`);
          continue;
        }
        const result = await deps.scanner.scanCommit(read.commit, limits);
        const entry: ScannedCommit = {
          findings: result.findings,
          notes: result.notes,
          touchesTrusted: read.touchesTrusted,
        };
        scanned.push(entry);
        if (result.incomplete) incomplete.push(result.incomplete);
        else await deps.records.put(key, entry);
      }
    }),
  );
  const findings = await placeInHead(
    deps,
    pull,
    scanned.flatMap((one) => one.findings),
  );
  const touchesTrusted =
    incomplete.length > 0 ? null : [...new Set(scanned.flatMap((one) => one.touchesTrusted))].sort();
  const notes = scanned.flatMap((one) => one.notes);
  // What was found blocks even when there may be more; what was not found proves nothing until all was read.
  const blocks = findings.some((finding) => finding.severity === "critical" || finding.severity === "high");
  const report: ScanReport =
    incomplete.length > 0 && !blocks
      ? { kind, status: "unknown", sha, reason: incomplete.join(" ") }
      : { kind, status: "completed", sha, findings, scannedCommits: scanned.length, notes: [...incomplete, ...notes] };
  return { report, touchesTrusted, head };
}

async function readCommit(
  api: RepositoryApi,
  sha: string,
): Promise<{ commit: CommitToScan; summary: CommitSummary; touchesTrusted: string[]; complete: boolean }> {
  const { summary, files, complete } = await api.commit(sha);
  const changed = await ownChanges(api, summary, files);
  const toScan: CommitToScan["files"] = [];
  for (const file of changed) {
    const preparation = prepareFile(file);
    if (preparation.kind === "ready") toScan.push(preparation.file);
    else if (preparation.kind === "blob") toScan.push(...(await readBlob(api, file, preparation.addedLines)));
  }
  const touched = changed.flatMap((file) => [file.path, ...(file.previousPath ? [file.previousPath] : [])]);
  return {
    commit: { sha, message: summary.message, files: toScan },
    summary,
    touchesTrusted: TRUSTED_PATHS.filter((path) => touched.includes(path)),
    complete,
  };
}

/**
 * GitHub shows a merge against its first parent, which for a branch that took in its base is the base's work and not the author's. What
 * a merge itself brought differs from both sides.
 */
async function ownChanges(api: RepositoryApi, summary: CommitSummary, files: ChangedFile[]): Promise<ChangedFile[]> {
  let own = files;
  for (const parent of summary.parents.slice(1)) {
    const other = await api.changedPaths(parent, summary.sha);
    // A cut list cannot take anything out: then the file is scanned although it may be the base's.
    if (other.complete) own = own.filter((file) => other.paths.includes(file.path));
  }
  return own;
}

async function readBlob(
  api: RepositoryApi,
  file: ChangedFile,
  addedLines: ReadonlySet<number> | undefined,
): Promise<CommitToScan["files"]> {
  if (file.blobSha === null) return [{ path: file.path, unreadable: "GitHub names no blob for it" }];
  try {
    return filesOfBlob(file.path, await api.blob(file.blobSha), addedLines);
  } catch (error) {
    // 403 is GitHub's answer for blobs over 100 MB; a submodule's commit is 404. Anything else is GitHub being away: try again later.
    if (
      error instanceof GitHubError &&
      (error.fault === "not-found" || error.fault === "refused" || error.fault === "forbidden")
    ) {
      return [{ path: file.path, unreadable: "GitHub does not give its content" }];
    }
    throw error;
  }
}

/** Where the findings still stand in the head, so that they can be annotated there. */
async function placeInHead(
  deps: { api: RepositoryApi; scanner: SecretScanner },
  pull: PullRequest,
  findings: Finding[],
): Promise<Finding[]> {
  let placed = findings;
  for (const path of new Set(
    findings.flatMap((finding) => (finding.location.path === undefined ? [] : [finding.location.path])),
  )) {
    const text = await deps.api.file(path, pull.headSha).catch((error: unknown) => {
      // Too large for the contents API: the finding counts all the same, it only has no annotation.
      if (error instanceof GitHubError && error.status === 200) return undefined;
      throw error;
    });
    placed = await deps.scanner.headLines(placed, path, text);
  }
  return placed;
}
