import { isDeepStrictEqual } from "node:util";
import { CONFIG_PATH } from "../config/effective.ts";
import { voteState } from "../gate/gate.ts";
import type { Key } from "../model/key.ts";
import { formatKey } from "../model/key.ts";
import type { Outcome } from "../model/outcome.ts";
import type { PullRequest, RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { TrackedPull } from "../model/tracked-pull.ts";
import { GitHubError, type RepositoryApi } from "../ports/github.ts";
import { type LedgerEvent, repositoryStream } from "../ports/ledger.ts";
import type { Records } from "../ports/records.ts";
import { LeaseLostError, type Run } from "../ports/run.ts";
import { span } from "../ports/span.ts";
import { scanCheckRun } from "../scan/check-run.ts";
import { lookAtMerge, type NoticedMerge } from "./after-merge/look-at-merge.ts";
import { rememberBase } from "./approvals/carried-approvals.ts";
import type { CheckContent, PullAtCommit } from "./at-commit.ts";
import { configCheck } from "./config-check.ts";
import { answerOf, judge } from "./decide.ts";
import type { PullRequestDeps } from "./deps.ts";
import { endListing, type Listing, listFindings, rememberWaivers } from "./findings/list-findings.ts";
import { lookAgain, waitingSince } from "./look-again.ts";
import { observe } from "./observe.ts";
import { pastDecision, rememberDecision } from "./past-decisions.ts";
import { headPreviewCheck } from "./preview/preview-check.ts";
import { waiversCheck } from "./scan/waivers-check.ts";
import type { WaiversRead } from "./scan/waivers-in-force.ts";
import { wantScans } from "./scan/want-scans.ts";
import { judgedBy, scanCheck } from "./scan-check.ts";
import { verdictEvent } from "./verdict-event.ts";

/** One pull request: observe → judge → plan → apply. What it says about its commit is written by the commit's own key. */
export async function reconcilePull(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  ref: RepositoryRef,
  run: Run,
): Promise<Outcome> {
  const { records } = deps.engine;
  const { installationId, repositoryId, number } = key;
  const api = deps.github.repository(installationId, ref);
  const pull = await api.pull(number);
  const trackedKey = storageKey.pull(installationId, repositoryId, number);
  const before = (await records.get<TrackedPull>(trackedKey))?.value;

  await run.fence();
  if (before && before.headSha !== pull.headSha) await leaveCommit(deps, key, before.headSha, "unmerged");
  if (before && (before.headSha !== pull.headSha || before.baseRef !== pull.baseRef))
    await endIntents(records, key, before);
  const tracked: TrackedPull = {
    headSha: pull.headSha,
    baseRef: pull.baseRef,
    draft: pull.draft,
    state: pull.state,
    merged: pull.merged,
    title: pull.title,
    author: pull.author.login,
    url: pull.url,
    fork: pull.fork,
    readAtMs: deps.clock.now(),
  };
  if (!before || !sameFacts(before, tracked)) {
    await rememberBase(records, key, pull);
    const noticed: NoticedMerge = { sha: pull.headSha };
    // In one turn of the event loop, so in one transaction: a merge that was noticed is looked at, also after a crash.
    await Promise.all([
      ...(pull.merged && before?.state === "open"
        ? [records.put(storageKey.merged(installationId, repositoryId, number), noticed)]
        : []),
      records.put(trackedKey, tracked),
    ]);
  }
  if (pull.state === "closed") {
    await leaveCommit(deps, key, pull.headSha, pull.merged ? "merged" : "unmerged");
    await records.delete(storageKey.pastDecisions(installationId, repositoryId, number));
    await lookAtPreview(deps, key, run, false);
    await wantScans(deps.engine, key, new Map(), [], run);
    await endListing(records, key);
    if (before && before.state !== "closed")
      await append(deps, key, "pull_closed", { sha: pull.headSha, merged: pull.merged });
    return lookAtMerge(deps, key, api, pull, run);
  }

  const atKey = storageKey.atCommit(installationId, repositoryId, pull.headSha, number);
  const last = (await records.get<PullAtCommit>(atKey))?.value;
  if (await greenForAnother(deps, key, pull, last)) {
    const undecided = `Pull request ${number} into ${pull.baseRef} is being judged at this commit.`;
    await say(deps, key, run, pull, {
      vote: { number, baseRef: pull.baseRef, undecided, overridable: [] },
      mode: "enforce",
      draft: pull.draft,
      checks: last?.checks ?? [],
    });
  }
  const { snapshot, config, preview, scans, waivers } = await span("observe", {}, () =>
    observe({ ...deps, api, records, installationId }, pull, last),
  ).catch(async (error: unknown) => {
    if (run.lease.attempt > 0) await takeBack(deps, key, last, run, pull, error);
    throw error;
  });
  const judgement = await span("judge", {}, () => {
    // Where an earlier decision stood in for the checker, the checker is asked again.
    const previous = last?.vote.checkerAway === undefined ? last?.vote.decision : undefined;
    return judge(deps.checker, snapshot, previous, deps.clock.now(), pastDecision(records, key));
  });
  const vote = { number, baseRef: pull.baseRef, ...answerOf(judgement), overridable: snapshot.config.overrides };
  const waitingSinceMs = waitingSince(vote, last, deps.clock.now());
  const at: PullAtCommit = {
    vote,
    mode: snapshot.config.mode,
    draft: pull.draft,
    ...(waitingSinceMs === undefined ? {} : { waitingSinceMs }),
    ...(snapshot.hold ? { held: true } : {}),
    ...(snapshot.preview?.was_healthy ? { previewHealthy: true } : {}),
    ...(scans.validUntilMs === undefined ? {} : { factsUntilMs: scans.validUntilMs }),
    checks: [
      ...snapshot.scans.map((report) => {
        const check = scanCheckRun(report, pull, judgedBy(snapshot.config, report.kind));
        const plan = report.status === "completed" ? report.planText : undefined;
        return scanCheck(pull.headSha, report.kind, check, plan);
      }),
      ...(await headPreviewCheck(records, key, pull.headSha, preview)),
      ...(await proposedConfig(deps, key, api, pull, snapshot.touchesTrustedPaths, config, waivers)),
    ],
  };

  const fresh = "decision" in judgement && judgement.fresh;
  const kept = "decision" in judgement && judgement.checkerAway !== undefined && last?.vote.checkerAway === undefined;
  const event = fresh || kept ? verdictEvent(key, at.vote, judgement, deps.clock.now()) : undefined;
  await span("say", {}, async () => {
    const scene = { records, key, run, nowMs: deps.clock.now() };
    await rememberWaivers(scene, waivers);
    await say(deps, key, run, pull, at, event, await listFindings(scene, pull.headSha, snapshot.scans));
  });
  if (fresh) {
    await rememberDecision(records, key, judgement.decision);
    deps.decided?.(voteState(at.vote));
  }
  await lookAtPreview(deps, key, run, snapshot.preview !== null);
  await wantScans(deps.engine, key, scans.wants, scans.look, run);
  return lookAgain(at, deps.clock.now());
}

/** The preview follows what was read just now: it is asked for, or one was made that may have to change or go. */
async function lookAtPreview(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  run: Run,
  asked: boolean,
): Promise<void> {
  const { records, queue } = deps.engine;
  const known = storageKey.preview(key.installationId, key.repositoryId, key.number);
  if (!asked && (await records.get(known)) === undefined) return;
  await queue.enqueue(formatKey({ ...key, kind: "preview" }), { causes: run.lease.causes });
}

/** What one pull request says about its head commit, weighed by the commit's own run. */
async function say(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  run: Run,
  pull: PullRequest,
  at: PullAtCommit,
  event?: LedgerEvent,
  listing?: Listing,
): Promise<void> {
  const { installationId, repositoryId, number } = key;
  const { records } = deps.engine;
  await run.fence();
  // In one turn of the event loop, so in one transaction: the ledger never lacks a verdict that is acted on.
  await Promise.all([
    ...(event ? [deps.engine.ledger.append(repositoryStream(key), [event])] : []),
    deps.engine.records.put(storageKey.atCommit(installationId, repositoryId, pull.headSha, number), at),
    ...(listing ? [records.put(storageKey.findings(installationId, repositoryId, number), listing.index)] : []),
    ...(listing?.dropped ?? []).map((part) => records.delete(part)),
    deps.engine.queue.enqueue(formatKey({ kind: "commit", installationId, repositoryId, sha: pull.headSha }), {
      causes: run.lease.causes,
    }),
  ]);
}

/**
 * Whether the commit may show a green gate that did not hear of this pull request as it is now: it was opened, reopened, retargeted or
 * pushed back to a commit that was judged before. Judging can take long or fail, and that green must not be merged meanwhile.
 */
async function greenForAnother(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  pull: PullRequest,
  last: PullAtCommit | undefined,
): Promise<boolean> {
  if (last) return last.vote.baseRef !== pull.baseRef && voteState(last.vote) === "allow";
  const gate = storageKey.check(key.installationId, key.repositoryId, pull.headSha, "hms/gate");
  return (await deps.engine.records.get(gate)) !== undefined;
}

/**
 * What was decided no longer counts when its facts cannot be read again, and one failure was no accident. The run fails all the same;
 * a pull request that was never decided is told why it waits.
 */
async function takeBack(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  last: PullAtCommit | undefined,
  run: Run,
  pull: PullRequest,
  error: unknown,
): Promise<void> {
  if (error instanceof LeaseLostError || (last && voteState(last.vote) !== "allow")) return;
  const why = error instanceof GitHubError ? ` (${error.message})` : "";
  const undecided = `Facts that the decision needs cannot be had at the moment${why}.`;
  const { decision: _, ...vote } = last?.vote ?? { number: pull.number, baseRef: pull.baseRef, overridable: [] };
  await say(deps, key, run, pull, {
    mode: "enforce",
    draft: pull.draft,
    checks: [],
    ...last,
    vote: { ...vote, undecided },
  });
}

/** The pull request has no say about that commit any more; the commit's checks are weighed anew without it. */
async function leaveCommit(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  sha: string,
  as: "merged" | "unmerged",
): Promise<void> {
  const { installationId, repositoryId, number } = key;
  const atKey = storageKey.atCommit(installationId, repositoryId, sha, number);
  if (!(await deps.engine.records.get(atKey))) return;
  if (as === "unmerged") await deps.engine.records.put(storageKey.left(installationId, repositoryId, sha), true);
  await deps.engine.records.delete(atKey);
  await deps.engine.queue.enqueue(formatKey({ kind: "commit", installationId, repositoryId, sha }));
}

/** What people allowed for one commit and one base ends with the next push or another base, also when it comes back. */
async function endIntents(records: Records, key: Key & { kind: "pull" }, before: TrackedPull): Promise<void> {
  const { installationId, repositoryId, number } = key;
  const overrides = await records.list(storageKey.overrides(installationId, repositoryId, number, before.headSha));
  for (const override of overrides) await records.delete(override.key);
  const okToTest = storageKey.okToTest(installationId, repositoryId, number);
  const allowed = await records.get<{ sha: string }>(okToTest);
  if (allowed?.value.sha === before.headSha) await records.delete(okToTest);
}

function sameFacts({ readAtMs: _, ...a }: TrackedPull, { readAtMs: __, ...b }: TrackedPull): boolean {
  return isDeepStrictEqual(a, b);
}

async function proposedConfig(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  api: RepositoryApi,
  pull: PullRequest,
  touched: string[] | null,
  config: Parameters<typeof configCheck>[1],
  waivers: WaiversRead | undefined,
): Promise<CheckContent[]> {
  const proposed = touched?.includes(CONFIG_PATH) ? await api.file(CONFIG_PATH, pull.headSha) : undefined;
  const basis = proposed === undefined ? undefined : await deps.configuration.basis(key.installationId, api);
  const said = configCheck(pull.headSha, config, proposed, basis);
  const check = waivers ? waiversCheck(pull.headSha, said, waivers) : said;
  return check ? [check] : [];
}

async function append(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  type: string,
  data: Record<string, unknown>,
): Promise<void> {
  await deps.engine.ledger.append(repositoryStream(key), [
    {
      type,
      subject: formatKey(key),
      atMs: deps.clock.now(),
      id: `${type}/${formatKey(key)}/${deps.clock.now()}`,
      data,
    },
  ]);
}
