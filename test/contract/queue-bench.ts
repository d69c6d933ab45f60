import type { Intent } from "../../src/model/intent.ts";
import type { Acceptance, Lease, Queue } from "../../src/ports/queue.ts";

export const TTL_MS = 30_000;
export const DAY_MS = 24 * 3600_000;

export function acceptance(id: string, keys: string[]): Acceptance {
  return { delivery: { id, event: "pull_request", receivedAtMs: 1000 }, keys, intents: [], records: [] };
}

export function intent(id: string, key: string): Intent {
  const sender = { login: "octocat", id: 1, type: "User" };
  return { id, key, kind: "comment", body: "/hms why", commentId: 1, sender, askedAtMs: 1000, seenAtMs: 2000 };
}

/** The lease that there has to be. */
export async function leaseNow(queue: Queue): Promise<Lease> {
  const lease = await queue.lease(TTL_MS);
  if (!lease) throw new Error("nothing is due");
  return lease;
}

/** Runs all that is due, in the order in which it is given out. */
export async function drain(queue: Queue): Promise<string[]> {
  const keys: string[] = [];
  for (let lease = await queue.lease(TTL_MS); lease; lease = await queue.lease(TTL_MS)) {
    keys.push(lease.key);
    await queue.settle(lease, { kind: "done" });
  }
  return keys;
}
