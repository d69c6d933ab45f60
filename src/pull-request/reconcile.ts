import { CONFIG_PATH } from "../config/effective.ts";
import { voteState } from "../gate/gate.ts";
import type { Key } from "../model/key.ts";
import { formatKey } from "../model/key.ts";
import type { Outcome } from "../model/outcome.ts";
import type { PullRequest, RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { TrackedPull } from "../model/tracked-pull.ts";
import type { Checker } from "../ports/checker.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import type { GitHub, RepositoryApi } from "../ports/github.ts";
import type { Run } from "../ports/run.ts";
import { secretsCheckRun } from "../scan/check-run.ts";
import type { SecretScanner } from "../scan/secrets.ts";
import type { CheckContent, PullAtCommit } from "./at-commit.ts";
import { configCheck } from "./config-check.ts";
import type { ConfigurationSource } from "./configuration.ts";
import { judge } from "./decide.ts";
import { observe } from "./observe.ts";

export interface PullRequestDeps {
  github: GitHub;
  engine: Engine;
  checker: Checker;
  scanner: SecretScanner;
  configuration: ConfigurationSource;
  clock: Clock;
}

/** An undecided pull request is looked at again that soon; what changes meanwhile re-enters by itself. */
const UNDECIDED_RETRY_MS = 5_000;
/** A verdict that waits on machines may miss the event that it waits for. */
const WAITING_RETRY_MS = 60_000;

/** One pull request: observe → judge → plan → apply. What it says about its commit is written by the commit's own key. */
export async function reconcilePull(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  ref: RepositoryRef,
  run: Run,
): Promise<Outcome> {
  const { records, queue } = deps.engine;
  const { installationId, repositoryId, number } = key;
  const api = deps.github.repository(installationId, ref);
  const pull = await api.pull(number);
  const trackedKey = storageKey.pull(installationId, repositoryId, number);
  const before = (await records.get<TrackedPull>(trackedKey))?.value;

  await run.fence();
  if (before && before.headSha !== pull.headSha) await leaveCommit(deps, key, before.headSha);
  const tracked: TrackedPull = {
    headSha: pull.headSha,
    baseRef: pull.baseRef,
    draft: pull.draft,
    state: pull.state,
    merged: pull.merged,
    readAtMs: deps.clock.now(),
  };
  if (!before || !sameFacts(before, tracked)) await records.put(trackedKey, tracked);
  if (pull.state === "closed") {
    await leaveCommit(deps, key, pull.headSha);
    if (before && before.state !== "closed")
      await append(deps, key, "pull_closed", { sha: pull.headSha, merged: pull.merged });
    return { kind: "done" };
  }

  const atKey = storageKey.atCommit(installationId, repositoryId, pull.headSha, number);
  const last = (await records.get<PullAtCommit>(atKey))?.value;
  const { snapshot, config } = await observe({ ...deps, api, records, installationId }, pull).catch(
    async (error: unknown) => {
      if (last && run.lease.attempt > 0) await takeBack(deps, key, last, run, pull.headSha);
      throw error;
    },
  );
  const judgement = await judge(deps.checker, snapshot, last?.vote.decision, deps.clock.now());
  const at: PullAtCommit = {
    vote: {
      number,
      baseRef: pull.baseRef,
      ...("decision" in judgement ? { decision: judgement.decision } : judgement),
      overridable: snapshot.config.overrides,
    },
    mode: snapshot.config.mode,
    draft: pull.draft,
    checks: [
      ...snapshot.scans.map((report) => scanCheck(pull, secretsCheckRun(report, pull))),
      ...(await proposedConfig(api, pull, snapshot.touchesTrustedPaths, config)),
    ],
  };

  await run.fence();
  if ("decision" in judgement && judgement.fresh) {
    const { id, sha, bundleRevision, inputDigest, verdict } = judgement.decision;
    await deps.engine.ledger.append(stream(key), [
      {
        type: "verdict",
        subject: formatKey(key),
        atMs: deps.clock.now(),
        id,
        data: {
          decision: id,
          sha,
          bundleRevision,
          inputDigest,
          outcome: voteState(at.vote),
          rules: verdict.deny.map((one) => one.rule),
          waiting: verdict.waiting.map((one) => one.rule),
        },
        body: { input: judgement.input, verdict },
      },
    ]);
  }
  await records.put(atKey, at);
  await queue.enqueue(formatKey({ kind: "commit", installationId, repositoryId, sha: pull.headSha }));
  return again(at, deps.clock.now());
}

function again(at: PullAtCommit, nowMs: number): Outcome {
  const validUntilMs = at.vote.decision?.verdict.validUntilMs;
  switch (voteState(at.vote)) {
    case "unknown":
      return { kind: "requeue", afterMs: UNDECIDED_RETRY_MS };
    case "waiting-on-machines":
      return { kind: "requeue", afterMs: WAITING_RETRY_MS };
    default:
      return validUntilMs === undefined
        ? { kind: "done" }
        : { kind: "requeue", afterMs: Math.max(0, validUntilMs - nowMs) };
  }
}

/** What was decided no longer counts when its facts cannot be read again, and one failure was no accident. The run fails all the same. */
async function takeBack(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  last: PullAtCommit,
  run: Run,
  sha: string,
): Promise<void> {
  if (voteState(last.vote) !== "allow") return;
  const { installationId, repositoryId, number } = key;
  const { decision: _, ...vote } = last.vote;
  const undecided = "Facts that the decision needs cannot be read from GitHub at the moment.";
  await run.fence();
  await deps.engine.records.put(storageKey.atCommit(installationId, repositoryId, sha, number), {
    ...last,
    vote: { ...vote, undecided },
  });
  await deps.engine.queue.enqueue(formatKey({ kind: "commit", installationId, repositoryId, sha }));
}

/** The pull request has no say about that commit any more; the commit's checks are weighed anew without it. */
async function leaveCommit(deps: PullRequestDeps, key: Key & { kind: "pull" }, sha: string): Promise<void> {
  const { installationId, repositoryId, number } = key;
  const atKey = storageKey.atCommit(installationId, repositoryId, sha, number);
  if (!(await deps.engine.records.get(atKey))) return;
  await deps.engine.records.delete(atKey);
  await deps.engine.queue.enqueue(formatKey({ kind: "commit", installationId, repositoryId, sha }));
}

function sameFacts(a: TrackedPull, b: TrackedPull): boolean {
  return (
    a.headSha === b.headSha &&
    a.baseRef === b.baseRef &&
    a.draft === b.draft &&
    a.state === b.state &&
    a.merged === b.merged
  );
}

function scanCheck(pull: PullRequest, check: ReturnType<typeof secretsCheckRun>): CheckContent {
  const { status, title, summary, text, annotations } = check;
  return {
    name: "hms/scan/secrets",
    sha: pull.headSha,
    state: status === "completed" ? { status, conclusion: check.conclusion } : { status },
    title,
    summary,
    ...(text ? { text } : {}),
    ...(annotations.length > 0 ? { annotations } : {}),
  };
}

async function proposedConfig(
  api: RepositoryApi,
  pull: PullRequest,
  touched: string[] | null,
  config: Parameters<typeof configCheck>[1],
): Promise<CheckContent[]> {
  const proposed = touched?.includes(CONFIG_PATH) ? await api.file(CONFIG_PATH, pull.headSha) : undefined;
  const check = configCheck(pull.headSha, config, proposed);
  return check ? [check] : [];
}

async function append(
  deps: PullRequestDeps,
  key: Key & { kind: "pull" },
  type: string,
  data: Record<string, unknown>,
): Promise<void> {
  await deps.engine.ledger.append(stream(key), [
    {
      type,
      subject: formatKey(key),
      atMs: deps.clock.now(),
      id: `${type}/${formatKey(key)}/${deps.clock.now()}`,
      data,
    },
  ]);
}

function stream(key: { installationId: number; repositoryId: number }): string {
  return `repository/${key.installationId}/${key.repositoryId}`;
}
