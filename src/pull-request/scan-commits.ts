import { canonicalJson, sha256Hex } from "../model/canonical-json.ts";
import type { Finding, ScanReport } from "../model/finding.ts";
import type { CommitSummary, PullRequest } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { RepositoryApi } from "../ports/github.ts";
import type { Records } from "../ports/records.ts";
import { SCANNER_REVISION, type ScanLimits, type SecretScanner, unscanned } from "../scan/secrets.ts";
import { placeInHead } from "./place-in-head.ts";
import { readCommit, TRUST_REVISION, TRUSTED_PATHS } from "./read-commit.ts";

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

const CONCURRENT_COMMITS = 4;
/** As many as are asked for: 50 pages of the comparison. */
const COMMITS_MAX = 5_000;

/**
 * Looks for secrets in every commit of the pull request, since deleting a line does not unleak it. Commits that were scanned before, in
 * this or another pull request, are not read again.
 * @param trusted paths that are trusted besides those that always are.
 */
export async function scanCommits(
  deps: { api: RepositoryApi; records: Records; scanner: SecretScanner; installationId: number },
  pull: PullRequest,
  limits: Pick<ScanLimits, "fileSize" | "commitSize">,
  trusted: readonly string[] = [],
): Promise<CommitsScan> {
  const single = pull.commits === 1;
  const listed = single ? { commits: [], complete: true } : await commitsOf(deps.api, pull);
  if (!listed.complete && listed.commits.length >= COMMITS_MAX) {
    const message = `This pull request has ${pull.commits} commits, of which GitHub lists ${listed.commits.length}; it was not scanned.`;
    const findings = [unscanned(pull.headSha, undefined, message)];
    const report: ScanReport = {
      kind: "secrets",
      status: "completed",
      sha: pull.headSha,
      findings,
      scannedCommits: 0,
      notes: [],
    };
    return { report, touchesTrusted: null, head: undefined };
  }
  if (!listed.complete) {
    const reason = `GitHub lists ${listed.commits.length} of this pull request's ${pull.commits} commits; the others could not be scanned.`;
    return {
      report: { kind: "secrets", status: "unknown", sha: pull.headSha, reason },
      touchesTrusted: null,
      head: undefined,
    };
  }
  const shas = single ? [pull.headSha] : listed.commits.map((commit) => commit.sha);
  const scan = await scanListed(deps, pull.headSha, shas, limits, trusted);
  return { ...scan, head: listed.commits.at(-1) ?? scan.head };
}

/** A pull request whose base has taken in its head has no commits any more: its list has no last one that would be the head. */
function commitsOf(api: RepositoryApi, pull: PullRequest): Promise<{ commits: CommitSummary[]; complete: boolean }> {
  return pull.commits === 0 ? api.range(pull.baseRef, pull.headSha) : api.pullCommits(pull);
}

/** The same for commits that are known one by one; where findings still stand is looked up at `sha`. */
export async function scanListed(
  deps: { api: RepositoryApi; records: Records; scanner: SecretScanner; installationId: number },
  sha: string,
  shas: string[],
  limits: Pick<ScanLimits, "fileSize" | "commitSize">,
  trusted: readonly string[] = [],
): Promise<CommitsScan> {
  const kind = "secrets";
  let head: CommitSummary | undefined;
  const revision = `${SCANNER_REVISION}-${limits.fileSize}-${limits.commitSize}${trustedRevision(trusted)}`;
  const scanned: ScannedCommit[] = [];
  const incomplete: string[] = [];
  let cut = false;
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
        const read = await readCommit(deps.api, next, limits, trusted);
        if (next === sha) head ??= read.summary;
        if (!read.complete && !read.cut) {
          incomplete.push(`GitHub does not list all files of commit ${next.slice(0, 7)}.`);
          continue;
        }
        const result = await deps.scanner.scanCommit(read.commit, limits);
        // Waiting would bring no more of them: that is something to repair, and a finding that says so.
        const beyond = read.cut ? [unscanned(next, undefined, cutText(next))] : [];
        cut ||= read.cut;
        const entry: ScannedCommit = {
          findings: [...result.findings, ...beyond],
          notes: result.notes,
          touchesTrusted: read.touchesTrusted,
        };
        scanned.push(entry);
        if (result.incomplete) incomplete.push(result.incomplete);
        else if (!result.passing && !read.cut) await deps.records.put(key, entry);
      }
    }),
  );
  const { findings, notes: placeNotes } = await placeInHead(
    deps,
    sha,
    scanned.flatMap((one) => one.findings),
    storageKey.placed(deps.installationId, deps.api.ref.id, kind, revision, sha),
  );
  const touchesTrusted =
    cut || incomplete.length > 0 ? null : [...new Set(scanned.flatMap((one) => one.touchesTrusted))].sort();
  const notes = [...scanned.flatMap((one) => one.notes), ...placeNotes];
  // What was found blocks even when there may be more; what was not found proves nothing until all was read.
  const blocks = findings.some((finding) => finding.severity === "critical" || finding.severity === "high");
  const report: ScanReport =
    incomplete.length > 0 && !blocks
      ? { kind, status: "unknown", sha, reason: incomplete.join(" ") }
      : { kind, status: "completed", sha, findings, scannedCommits: scanned.length, notes: [...incomplete, ...notes] };
  return { report, touchesTrusted, head };
}

/** What is remembered of a commit says which of the trusted paths it touches, so it depends on which those are. */
function trustedRevision(trusted: readonly string[]): string {
  const own = trusted.filter((path) => !TRUSTED_PATHS.includes(path));
  return own.length === 0 ? `-${TRUST_REVISION}` : `-${TRUST_REVISION}-${sha256Hex(canonicalJson(own)).slice(0, 12)}`;
}

function cutText(sha: string): string {
  return `Commit ${sha.slice(0, 7)} changes more files than GitHub lists; the others were not scanned.`;
}
