import type { Notifications } from "../config/notifications.ts";
import type { GateVote } from "../gate/gate.ts";
import { sha256Hex } from "../model/canonical-json.ts";
import type { Key } from "../model/key.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { TrackedPull } from "../model/tracked-pull.ts";
import type { Clock } from "../ports/clock.ts";
import { type Egress, EgressError } from "../ports/egress.ts";
import type { Engine } from "../ports/engine.ts";
import { repositoryStream } from "../ports/ledger.ts";
import type { Run } from "../ports/run.ts";
import { messageOf } from "./message.ts";
import { type Notice, noticesOf, type Told } from "./notices.ts";

export interface NotificationDeps {
  engine: Pick<Engine, "records" | "ledger">;
  egress: Egress;
  notifications: Notifications;
  clock: Clock;
  /** Told how each message ended, for metrics. */
  sent(kind: string, result: "sent" | "refused" | "failed"): void;
}

/** A target that is away is tried so often, over about two hours; then the message is dropped: it would be news no more. */
const ATTEMPTS = 14;

/**
 * Tells who is awaited at one pull request, from what the records say now: however often it runs, each is told once. What was told is
 * remembered after it was sent, so a crash in between sends it again, with the same id.
 */
export async function reconcileNotices(
  deps: NotificationDeps,
  key: Key & { kind: "notice" },
  ref: RepositoryRef,
  run: Run,
): Promise<Outcome> {
  const { records } = deps.engine;
  const { installationId, repositoryId, number } = key;
  const noticeKey = storageKey.notice(installationId, repositoryId, number);
  const told = (await records.get<Told>(noticeKey))?.value ?? {};
  const pull = (await records.get<TrackedPull>(storageKey.pull(installationId, repositoryId, number)))?.value;
  if (!pull || pull.state === "closed") {
    await records.delete(noticeKey);
    return { kind: "done" };
  }
  const at = await records.get<{ vote: GateVote }>(
    storageKey.atCommit(installationId, repositoryId, pull.headSha, number),
  );
  const waiting = at?.value.vote.decision?.verdict.waiting.filter((one) => one.on === "people" && one.whom) ?? [];
  const whom = [...new Set(waiting.flatMap(awaitedBy))];
  const plan = noticesOf(
    { owner: ref.owner, repository: ref.name, draft: pull.draft, whom },
    deps.notifications.routes,
    told,
    deps.clock.now(),
  );
  const failed: string[] = [];
  for (const notice of plan.send) {
    const result = await send(deps, key, ref, pull, waiting, notice, run);
    if (result !== "failed" || run.lease.attempt >= ATTEMPTS) continue;
    failed.push(notice.target);
    const before = told[notice.target];
    if (before) plan.remember[notice.target] = before;
    else delete plan.remember[notice.target];
  }
  if (Object.keys(plan.remember).length > 0) await records.put(noticeKey, plan.remember);
  else await records.delete(noticeKey);
  // What was sent is remembered already: only those that failed are tried again.
  if (failed.length > 0) throw new EgressError(`not every target could be told (${failed.length} left)`);
  return plan.againInMs === undefined ? { kind: "done" } : { kind: "requeue", afterMs: plan.againInMs };
}

/** Several who are awaited, where one of them will do, are told each: `acme/sre or linus`. */
function awaitedBy({ whom }: { whom?: string }): string[] {
  return whom?.split(" or ") ?? [];
}

async function send(
  deps: NotificationDeps,
  key: Key & { kind: "notice" },
  ref: RepositoryRef,
  pull: TrackedPull,
  waiting: { whom?: string; message: string }[],
  notice: Notice,
  run: Run,
): Promise<"sent" | "refused" | "failed"> {
  const target = deps.notifications.targets.find((one) => one.name === notice.target);
  if (!target) return "refused";
  const subject = `pull/${key.installationId}/${key.repositoryId}/${key.number}`;
  const id = `msg_${sha256Hex(`${subject} ${pull.headSha} ${notice.target} ${notice.whom.join(",")}`).slice(0, 32)}`;
  const message = messageOf(target, {
    id,
    atMs: deps.clock.now(),
    owner: ref.owner,
    repository: ref.name,
    number: key.number,
    title: pull.title ?? "",
    author: pull.author ?? "",
    url: pull.url ?? "",
    headSha: pull.headSha,
    whom: notice.whom,
    reasons: waiting
      .filter((one) => awaitedBy(one).some((each) => notice.whom.includes(each)))
      .map((one) => one.message),
  });
  await run.fence();
  const result = await outcomeOf(deps.egress, target.url, message);
  deps.sent(target.kind, result);
  await deps.engine.ledger.append(repositoryStream(key), [
    {
      type: result === "sent" ? "notified" : "notification_failed",
      subject,
      atMs: deps.clock.now(),
      id: `${id}/${result}`,
      data: { target: notice.target, whom: notice.whom },
    },
  ]);
  return result;
}

/** `refused`: asking again would change nothing. */
async function outcomeOf(
  egress: Egress,
  url: string,
  { body, headers }: { body: string; headers: Record<string, string> },
): Promise<"sent" | "refused" | "failed"> {
  try {
    const { status } = await egress.post(url, body, headers);
    if (status >= 200 && status < 300) return "sent";
    return status >= 500 || status === 429 || status === 408 ? "failed" : "refused";
  } catch (error) {
    if (error instanceof EgressError) return "failed";
    throw error;
  }
}
