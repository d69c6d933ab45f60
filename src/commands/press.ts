import { type GateVote, pressToken } from "../gate/gate.ts";
import type { ButtonIntent } from "../model/intent.ts";
import { formatKey, type Key } from "../model/key.ts";
import type { PullRequest, RepositoryRef } from "../model/pull-request.ts";
import { DISPATCHED_KINDS } from "../model/scan-kind.ts";
import { storageKey } from "../model/storage-key.ts";
import type { RepositoryApi } from "../ports/github.ts";
import { type LedgerEvent, repositoryStream } from "../ports/ledger.ts";
import { LeaseLostError, type Run } from "../ports/run.ts";
import { authorise, type CommandDeps } from "./authorise.ts";
import { heldSince, holdRecord } from "./hold.ts";
import { askScansAgain } from "./scan.ts";

interface Scene {
  deps: CommandDeps;
  key: Key & { kind: "commit" };
  api: RepositoryApi;
  intent: ButtonIntent;
  run: Run;
}

/**
 * Carries out what people pressed on a commit's checks, for every open pull request whose head it is. GitHub has no place to answer a press: who
 * may not, or came too late, sees that nothing happens, and the ledger says why.
 * @returns what to call once the commit's checks were written: until then nothing counts as settled, so a crash repeats it.
 */
export async function actOnPresses(
  deps: CommandDeps,
  key: Key & { kind: "commit" },
  ref: RepositoryRef,
  run: Run,
): Promise<() => Promise<void>> {
  const intents = await deps.engine.queue.intents(formatKey(key));
  const settled: [id: string, result: string][] = [];
  const failures: unknown[] = [];
  for (const intent of intents) {
    if (intent.kind !== "button") continue;
    try {
      const api = deps.github.repository(key.installationId, ref);
      settled.push([intent.id, await press({ deps, key, api, intent, run })]);
    } catch (error) {
      if (error instanceof LeaseLostError) throw error;
      // It is tried again; the commit's checks do not wait for it.
      failures.push(error);
    }
  }
  return async () => {
    for (const [id, result] of settled) await deps.engine.queue.settleIntent(id, result);
    if (failures.length > 0) throw failures[0];
  };
}

async function press(scene: Scene): Promise<string> {
  const { deps, key, intent } = scene;
  const { installationId, repositoryId, sha } = key;
  const said = await deps.engine.records.list<{ vote: GateVote }>(
    storageKey.atCommits(installationId, repositoryId, sha),
  );
  const votes = said.map(({ value }) => value.vote);
  // Another press, a push or a new decision came first: what the person saw is no more.
  if (intent.action !== "retry" && intent.state !== pressToken(votes))
    return note(scene, "button_overtaken", {}, "overtaken");
  const results: string[] = [];
  for (const vote of votes) {
    for (const number of vote.members?.map((member) => member.number) ?? [vote.number])
      results.push(await pressFor(scene, vote, number));
  }
  return results.length === 0 ? note(scene, "button_overtaken", {}, "overtaken") : [...new Set(results)].join(",");
}

async function pressFor(scene: Scene, vote: GateVote, number: number): Promise<string> {
  const { deps, key, api, intent, run } = scene;
  const { installationId, sha } = key;
  const pull = await api.pull(number);
  const there = pull.state === "open" && (vote.members !== undefined || pull.headSha === sha);
  if (!there) return note(scene, "button_overtaken", { number }, "overtaken");
  const { permission, refusal } = await authorise(deps, { installationId, api, pull }, intent.sender, {
    verb: intent.action,
  });
  if (refusal !== undefined) return note(scene, "button_refused", { number, permission, why: refusal }, "refused");
  const hold = storageKey.hold(installationId, key.repositoryId, number);
  const overtaken = intent.action === "unhold" && (await heldSince(deps.engine.records, hold, intent));
  if (overtaken) return note(scene, "button_overtaken", { number }, "overtaken");
  await run.fence();
  // In one turn of the event loop, so in one transaction: what is done is written down.
  await Promise.all([
    effect(scene, number),
    note(scene, "command", { number, verb: intent.action, permission, headSha: pull.headSha }, "done"),
    lookAgain(scene, vote, pull),
  ]);
  return "done";
}

async function effect(scene: Scene, number: number): Promise<unknown> {
  const { deps, key, intent } = scene;
  const { installationId, repositoryId, sha } = key;
  const hold = storageKey.hold(installationId, repositoryId, number);
  switch (intent.action) {
    case "hold":
      return deps.engine.records.put(hold, holdRecord(intent, ""));
    case "unhold":
      return deps.engine.records.delete(hold);
    case "retry":
      // What stands there is what we would write, so that it has to be said that it is wanted anew.
      return Promise.all([
        deps.engine.records.put(storageKey.rerun(installationId, repositoryId, sha), { delivery: intent.id }),
        scanAgain(scene, number),
      ]);
  }
}

/** One scan that is to be run again is; of a whole suite those that have not reported. Judging again what they said takes no scan. */
async function scanAgain({ deps, key, intent }: Scene, number: number): Promise<void> {
  const { installationId, repositoryId } = key;
  const pull = { kind: "pull", installationId, repositoryId, number } as const;
  const asked = DISPATCHED_KINDS.find((kind) => intent.check === `hms/scan/${kind}`);
  if (asked) await askScansAgain(deps.engine, pull, [asked], intent.id);
  else if (intent.check === undefined && intent.state === "")
    await askScansAgain(deps.engine, pull, DISPATCHED_KINDS, intent.id, "unreported");
}

async function lookAgain({ deps, key }: Scene, vote: GateVote, { number }: PullRequest): Promise<void> {
  const { installationId, repositoryId, sha } = key;
  const { queue } = deps.engine;
  await queue.enqueue(formatKey({ kind: "pull", installationId, repositoryId, number }));
  if (vote.members) await queue.enqueue(formatKey({ kind: "merge-group", installationId, repositoryId, sha }));
}

async function note(
  { deps, key, intent }: Scene,
  type: LedgerEvent["type"],
  { number, ...data }: Record<string, unknown> & { number?: number },
  result: string,
): Promise<string> {
  const { installationId, repositoryId, sha } = key;
  const subject =
    number === undefined ? formatKey(key) : formatKey({ kind: "pull", installationId, repositoryId, number });
  const { action, runId, sender } = intent;
  await deps.engine.ledger.append(repositoryStream(key), [
    {
      type,
      subject,
      atMs: deps.clock.now(),
      id: `${intent.id}/${type}/${number ?? ""}`,
      data: { ...data, button: action, by: sender.login, byId: sender.id, sha, checkRun: runId },
    },
  ]);
  return result;
}
