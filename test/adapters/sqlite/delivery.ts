import type { Acceptance } from "../../../src/ports/queue.ts";

export function delivery(id: string, keys: string[]): Acceptance {
  return { delivery: { id, event: "push", receivedAtMs: 1000 }, keys, intents: [], records: [] };
}
