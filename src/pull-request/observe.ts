import type { EffectiveConfig } from "../config/effective.ts";
import { DEFAULTS } from "../config/schema.ts";
import type { CheckerInput } from "../model/checker-input.ts";
import type { CommitSummary, PullRequest } from "../model/pull-request.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { storageKey } from "../model/storage-key.ts";
import type { RepositoryApi } from "../ports/github.ts";
import { recordedPusher } from "../ports/last-pusher.ts";
import type { Records } from "../ports/records.ts";
import type { SecretScanner } from "../scan/secrets.ts";
import type { ConfigurationSource } from "./configuration.ts";
import { scanCommits } from "./scan-commits.ts";

export interface Observed {
  snapshot: Snapshot;
  config: EffectiveConfig;
}

/** Reads everything that the decision needs about an open pull request, at its head as it is now. */
export async function observe(
  deps: {
    api: RepositoryApi;
    records: Records;
    scanner: SecretScanner;
    configuration: ConfigurationSource;
    installationId: number;
  },
  pull: PullRequest,
): Promise<Observed> {
  const { api, records, installationId } = deps;
  const repositoryId = api.ref.id;
  const config = await deps.configuration.read(installationId, api);
  const effective = config.valid ? config.config : DEFAULTS;
  const limits = {
    fileSize: effective.scan.secrets.limits.fileSizeMb * 1024 * 1024,
    commitSize: effective.scan.secrets.limits.commitSizeMb * 1024 * 1024,
  };
  const [scan, hold, overrides, okToTest, lastPusher] = await Promise.all([
    scanCommits(deps, pull, limits),
    records.get<{ by: string; reason: string }>(storageKey.hold(installationId, repositoryId, pull.number)),
    records.list<{ rule: string; by: string; sha: string; baseRef: string; reason: string }>(
      storageKey.overrides(installationId, repositoryId, pull.number, pull.headSha),
    ),
    records.get<{ by: string; sha: string }>(storageKey.okToTest(installationId, repositoryId, pull.number)),
    recordedPusher(records, installationId, repositoryId, pull),
  ]);
  const touchesTrusted = await confirmTouched(api, pull, scan.touchesTrusted);
  const needsApprovals = effective.gate.approvals.count > 0 || (touchesTrusted?.length ?? 0) > 0;
  const snapshot: Snapshot = {
    repository: api.ref,
    pull,
    lastPusher:
      lastPusher ?? (needsApprovals || overrides.length > 0 ? await assumedPusher(api, pull, scan.head) : null),
    config: {
      valid: config.valid,
      mode: effective.gate.mode,
      required_scans: effective.scan.secrets.required ? ["secrets"] : [],
      approvals: effective.gate.approvals,
      overrides: effective.gate.overrides,
    },
    approvals: needsApprovals ? await approvals(api, pull) : [],
    touchesTrustedPaths: touchesTrusted,
    scans: [scan.report],
    hold: hold?.value ?? null,
    overrides: await Promise.all(
      // What was overridden for one base was not for another.
      overrides
        .filter(({ value }) => value.baseRef === pull.baseRef)
        .map(async ({ value: { baseRef: _, ...value } }) => ({ ...value, permission: await api.permission(value.by) })),
    ),
    okToTest:
      okToTest?.value.sha === pull.headSha
        ? { ...okToTest.value, permission: await api.permission(okToTest.value.by) }
        : null,
    unknown: [],
  };
  return { snapshot, config };
}

/**
 * A path that one commit touched and a later one put back is not changed by the pull request. Asked only where it matters, since the
 * list of files costs a call.
 */
async function confirmTouched(
  api: RepositoryApi,
  pull: PullRequest,
  touched: string[] | null,
): Promise<string[] | null> {
  if (touched === null || touched.length === 0) return touched;
  const { files, complete } = await api.pullFiles(pull);
  if (!complete) return touched;
  const changed = files.flatMap((file) => [file.path, ...(file.previousPath ? [file.previousPath] : [])]);
  const confirmed = touched.filter((path) => changed.includes(path));
  if (confirmed.length === touched.length) return touched;
  // The list is the pull request's as it is now, which need not be the one that is judged.
  const now = await api.pull(pull.number);
  return now.headSha === pull.headSha && now.baseRef === pull.baseRef ? confirmed : touched;
}

/**
 * Who pushed the head is told only by the push's own delivery. When that one was lost, the account behind the head commit stands in
 * for it if it names one; else nobody can say, and approvals wait.
 */
async function assumedPusher(
  api: RepositoryApi,
  pull: PullRequest,
  head: CommitSummary | undefined,
): Promise<string | null> {
  const summary = head ?? (await api.commit(pull.headSha)).summary;
  return summary.committer?.login === "web-flow"
    ? (summary.author?.login ?? null)
    : (summary.committer?.login ?? summary.author?.login ?? null);
}

/** People whose last word on this very commit is an approval, with what they may do now. */
async function approvals(api: RepositoryApi, pull: PullRequest): Promise<CheckerInput["approvals"]> {
  const reviews = (await api.reviews(pull.number)).sort((a, b) => a.submittedAtMs - b.submittedAtMs || a.id - b.id);
  const latest = new Map<string, { login: string; state: string; sha: string; type: string }>();
  for (const review of reviews) {
    // A comment does not take an approval back; a dismissal or a request for changes does.
    if (review.state === "COMMENTED" || review.state === "PENDING") continue;
    latest.set(review.author.login.toLowerCase(), {
      login: review.author.login,
      state: review.state,
      sha: review.sha,
      type: review.author.type,
    });
  }
  const approving = [...latest.values()].filter(
    (review) => review.state === "APPROVED" && review.sha === pull.headSha && review.type === "User",
  );
  return Promise.all(
    approving.map(async ({ login, sha }) => ({ login, sha, permission: await api.permission(login) })),
  );
}
