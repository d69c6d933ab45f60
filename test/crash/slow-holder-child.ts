import { setTimeout as sleep } from "node:timers/promises";
import { compose } from "../../src/compose.ts";
import { readSettings } from "../../src/config/settings.ts";

/**
 * `src/main.ts` with one holder that is too slow: the first run that is about to create `hms/gate` stands still between its intention and its call,
 * for longer than its lease, which nobody renews, and longer than GitHub could still be at work on a call.
 */
const LEASE_MS = 1000;
const STANDS_STILL_MS = 13_000;
let slow = false;

const read = readSettings(process.env);
if (!("settings" in read)) throw new Error("problems" in read ? read.problems.join("\n") : "no credentials");
await compose(read.settings, {
  leaseMs: LEASE_MS,
  engine: (engine) => ({
    ledger: engine.ledger,
    probe: () => engine.probe(),
    close: () => engine.close(),
    queue: new Proxy(engine.queue, {
      get(target, property) {
        if (property === "renew") return async () => true;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
    records: new Proxy(engine.records, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== "function") return value;
        if (property !== "compareAndSwap") return value.bind(target);
        return async (key: string, ...rest: unknown[]) => {
          const revision: unknown = await value.call(target, key, ...rest);
          if (!slow && key.endsWith("/hms/gate")) {
            slow = true;
            await sleep(STANDS_STILL_MS);
            process.stdout.write("the slow holder goes on\n");
          }
          return revision;
        };
      },
    }),
  }),
});
