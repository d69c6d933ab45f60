import { context, createContextKey } from "@opentelemetry/api";
import type { Lease } from "./queue.ts";

const RUN = createContextKey("hms-run");

/** Does `work` so that everything in it can tell which run it belongs to, however deep it is called: log lines say it by themselves. */
export function withinRun<T>(lease: Pick<Lease, "key" | "attempt" | "causes">, work: () => Promise<T>): Promise<T> {
  const { key, attempt, causes } = lease;
  const fields = {
    key,
    ...(attempt > 0 ? { attempt } : {}),
    ...(causes.length > 0 ? { deliveries: causes.map(({ id }) => id) } : {}),
  };
  return context.with(context.active().setValue(RUN, fields), work);
}

/** Whether this is a run that nobody is waiting for: no delivery led to it, but a sweep or a timer. */
export function inBackground(): boolean {
  const fields = context.active().getValue(RUN) as { deliveries?: unknown } | undefined;
  return fields !== undefined && fields.deliveries === undefined;
}

/** What a log line of the run at hand carries; nothing outside of one. */
export function runFields(): Record<string, unknown> {
  return (context.active().getValue(RUN) as Record<string, unknown> | undefined) ?? {};
}
