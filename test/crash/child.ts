import { compose } from "../../src/compose.ts";
import { readSettings } from "../../src/config/settings.ts";

/**
 * `src/main.ts` with one weak spot. `HMS_CRASH_AT` names a call of a port and the moment of it at which the process kills itself by SIGKILL:
 * `queue.accept after`, `github.createCheckRun before`; `failed` is after a call that rejected. `HMS_CRASH_ON` is a text that the call's
 * arguments must contain, `HMS_CRASH_SKIP` how many such calls are let through first.
 */
const [point = "", moment = ""] = (process.env.HMS_CRASH_AT ?? "").split(" ");
const on = process.env.HMS_CRASH_ON ?? "";
let skip = Number(process.env.HMS_CRASH_SKIP ?? 0);

function die(): Promise<never> {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
}

/** The port with the call of that name watched. */
function watched<T extends object>(name: string, port: T): T {
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      if (`${name}.${String(property)}` !== point) return value.bind(target);
      return async (...args: unknown[]) => {
        if (!JSON.stringify(args).includes(on) || skip-- > 0) return value.apply(target, args);
        if (moment === "before") return die();
        try {
          const result: unknown = await value.apply(target, args);
          return moment === "after" ? die() : result;
        } catch (error) {
          if (moment === "failed") return die();
          throw error;
        }
      };
    },
  });
}

const read = readSettings(process.env);
if (!("settings" in read)) throw new Error("problems" in read ? read.problems.join("\n") : "no credentials");
await compose(read.settings, {
  engine: (engine) => ({
    queue: watched("queue", engine.queue),
    records: watched("records", engine.records),
    ledger: watched("ledger", engine.ledger),
    probe: () => engine.probe(),
    close: () => engine.close(),
  }),
  github: (github) => ({
    ...github,
    repository: (installationId, ref) => watched("github", github.repository(installationId, ref)),
    deliveries: watched("deliveries", github.deliveries),
    workflows: (installationId, ref) => watched("workflows", github.workflows(installationId, ref)),
  }),
  checker: (checker) => watched("checker", checker),
});
