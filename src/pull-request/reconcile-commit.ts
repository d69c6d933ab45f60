import { voteState } from "../gate/gate.ts";
import { formatKey, type Key } from "../model/key.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { RepositoryApi } from "../ports/github.ts";
import { repositoryStream } from "../ports/ledger.ts";
import type { Records } from "../ports/records.ts";
import type { Run } from "../ports/run.ts";
import { span } from "../ports/span.ts";
import { checksOf, leftGate, type PullAtCommit } from "./at-commit.ts";
import type { PullRequestDeps } from "./deps.ts";
import { RENEW_AFTER_MS, type WrittenCheck, writeCheck } from "./write-check.ts";

/**
 * One commit's checks: the worst over all open pull requests whose head it is. Nothing else writes to them, so writes to one
 * (repository, SHA) are serialised by this key's lease.
 */
export async function reconcileCommit(
  deps: PullRequestDeps,
  key: Key & { kind: "commit" },
  ref: RepositoryRef,
  run: Run,
): Promise<Outcome> {
  const { records, queue, ledger } = deps.engine;
  const { installationId, repositoryId, sha } = key;
  const said = await records.list<PullAtCommit>(storageKey.atCommits(installationId, repositoryId, sha));
  const rerunKey = storageKey.rerun(installationId, repositoryId, sha);
  const rerun = await records.get<{ delivery: string }>(rerunKey);
  const api = deps.github.repository(installationId, ref);
  const leftKey = storageKey.left(installationId, repositoryId, sha);
  // Nobody's head any more: the checks of a merged commit stay as they were.
  if (said.length === 0) {
    if (rerun) await records.delete(rerunKey);
    if (!(await records.get(leftKey))) return { kind: "done" };
    const againInMs = await takeBackGreen(deps, key, api, run);
    if (againInMs !== undefined) return { kind: "requeue", afterMs: againInMs };
  }
  await records.delete(leftKey);
  if (said.length === 0) return { kind: "done" };
  const votes = said.map((entry) => entry.value);
  let unlisted: unknown;
  const open = await api.pullsAt(sha).catch((error: unknown) => {
    // Without the list nothing turns green. What is not green whatever it holds is said at once, and the run fails after it.
    if (votes.every((vote) => voteState(vote.vote) === "allow")) throw error;
    unlisted = error;
    return [];
  });
  // GitHub does not list forks' pull requests here, so it can only add to what we know, never take away.
  for (const pull of open) {
    const known = votes.find((vote) => vote.vote.number === pull.number);
    if (known && known.vote.baseRef === pull.baseRef && known.draft === pull.draft) continue;
    const undecided = known
      ? `Pull request ${pull.number} changed and is being judged again.`
      : `Pull request ${pull.number} shares this commit and was not judged yet.`;
    votes.splice(known ? votes.indexOf(known) : votes.length, known ? 1 : 0, {
      vote: { number: pull.number, baseRef: pull.baseRef, undecided, overridable: [] },
      mode: known?.mode ?? (votes.every((vote) => vote.mode === "shadow") ? "shadow" : "enforce"),
      draft: pull.draft,
      checks: known?.checks ?? [],
    });
    await queue.enqueue(formatKey({ kind: "pull", installationId, repositoryId, number: pull.number }));
  }
  const decisions = votes.flatMap((vote) => (vote.vote.decision ? [vote.vote.decision.id] : []));
  let waiting = false;
  for (const content of checksOf(sha, votes, await writtenGates(records, key))) {
    const { name, state, title } = content;
    const nowMs = deps.clock.now();
    const pulls = votes.filter((vote) => !vote.vote.members).map((vote) => vote.vote.number);
    const wrote = (id: string): Promise<void> =>
      ledger.append(repositoryStream(key), [
        {
          type: "check_written",
          subject: formatKey(key),
          atMs: nowMs,
          id,
          data: { check: name, state, title, decisions, pulls },
        },
      ]);
    const written = await span("write-checks", { attributes: { "hms.check": name } }, () =>
      writeCheck({ api, records, run, installationId, nowMs, wrote }, content, rerun !== undefined),
    );
    if (typeof written === "object") return { kind: "requeue", afterMs: written.againInMs };
    waiting ||= state.status === "in_progress";
  }
  if (unlisted !== undefined) throw unlisted;
  // A button that was pressed again meanwhile has another delivery, and its own run.
  if (rerun && (await records.get(rerunKey))?.revision === rerun.revision) await records.delete(rerunKey);
  return waiting ? { kind: "requeue", afterMs: RENEW_AFTER_MS } : { kind: "done" };
}

/**
 * A green gate at a commit that was left would let it be merged when it comes back (pushed again, reopened) on facts of another day, before
 * anybody has looked. Only green is taken back: what is not cannot do that, and each costs a call.
 * @returns when to try again, where an earlier write may still be under way.
 */
async function takeBackGreen(
  deps: PullRequestDeps,
  { installationId, repositoryId, sha }: Key & { kind: "commit" },
  api: RepositoryApi,
  run: Run,
): Promise<number | undefined> {
  const { records } = deps.engine;
  const gate = await records.get<WrittenCheck>(storageKey.check(installationId, repositoryId, sha, "hms/gate"));
  if (!gate || (gate.value.state === "written" && !gate.value.green)) return undefined;
  const written = await writeCheck({ api, records, run, installationId, nowMs: deps.clock.now() }, leftGate(sha));
  return typeof written === "object" ? written.againInMs : undefined;
}

async function writtenGates(
  records: Records,
  { installationId, repositoryId, sha }: Key & { kind: "commit" },
): Promise<{ gate: boolean; shadow: boolean }> {
  const [gate, shadow] = await Promise.all(
    ["hms/gate", "hms/gate-shadow"].map((name) =>
      records.get(storageKey.check(installationId, repositoryId, sha, name)),
    ),
  );
  return { gate: gate !== undefined, shadow: shadow !== undefined };
}
