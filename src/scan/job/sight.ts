import { z } from "zod";
import type { KubeObject } from "../../model/kubernetes.ts";

/** What a Job says of itself. `reason`: a sentence with the cluster's words in it; not escaped. */
export type JobSight =
  | { is: "queued"; reason?: string }
  | { is: "running" }
  /** It ended, well or badly: whether its report came is another question. */
  | { is: "over"; timedOut: boolean; reason: string };

const conditions = z.array(
  z.looseObject({
    type: z.string(),
    status: z.string(),
    reason: z.string().default(""),
    message: z.string().default(""),
  }),
);
const jobStatus = z.looseObject({ conditions: conditions.default([]) });
const ended = z.looseObject({ exitCode: z.number(), reason: z.string().default(""), message: z.string().default("") });
const waiting = z.looseObject({ reason: z.string().default(""), message: z.string().default("") });
const podStatus = z.looseObject({
  phase: z.string().default(""),
  reason: z.string().default(""),
  message: z.string().default(""),
  conditions: conditions.default([]),
  containerStatuses: z
    .array(
      z.looseObject({
        state: z.looseObject({ terminated: ended.optional(), waiting: waiting.optional() }).default({}),
      }),
    )
    .default([]),
});

/** Characters of the cluster's words. */
const WORDS_MAX = 300;

/** @param pods those of the Job */
export function sightOfJob(job: KubeObject, pods: readonly KubeObject[]): JobSight {
  if (job.metadata.deletionTimestamp !== undefined)
    return { is: "over", timedOut: false, reason: "Somebody removed its Job." };
  const status = jobStatus.safeParse(job.status ?? {});
  const found = status.success ? status.data.conditions.filter((one) => one.status === "True") : [];
  const failed = found.find(({ type }) => type === "Failed");
  if (failed?.reason === "DeadlineExceeded")
    return { is: "over", timedOut: true, reason: "Its Job took longer than it may." };
  const seen = pods.flatMap((pod) => {
    const read = podStatus.safeParse(pod.status ?? {});
    return read.success ? [read.data] : [];
  });
  if (failed)
    return {
      is: "over",
      timedOut: false,
      reason: `Its Job failed: ${seen.map(whyEnded).find(Boolean) ?? words(failed)}.`,
    };
  if (found.some(({ type }) => type === "Complete"))
    return { is: "over", timedOut: false, reason: "Its Job ended without a report." };
  if (seen.some(({ phase }) => phase === "Running")) return { is: "running" };
  const held = seen.map(whyHeld).find(Boolean);
  return held === undefined ? { is: "queued" } : { is: "queued", reason: held };
}

type PodStatus = z.infer<typeof podStatus>;

function whyEnded({ reason, message, containerStatuses }: PodStatus): string | undefined {
  if (reason !== "") return words({ reason, message });
  const last = containerStatuses.flatMap(({ state }) => (state.terminated ? [state.terminated] : []))[0];
  return last && `${words(last)} (exit code ${last.exitCode})`;
}

function whyHeld({ conditions: found, containerStatuses }: PodStatus): string | undefined {
  const held = containerStatuses.flatMap(({ state }) => (state.waiting ? [state.waiting] : []))[0];
  if (held && held.reason !== "" && held.reason !== "ContainerCreating") return words(held);
  const unplaced = found.find(({ type, status }) => type === "PodScheduled" && status === "False");
  return unplaced && words(unplaced);
}

function words({ reason, message }: { reason: string; message: string }): string {
  const text = message === "" ? reason : `${reason}: ${message}`;
  return text
    .slice(0, WORDS_MAX)
    .replace(/[.\s]+$/, "")
    .toWellFormed();
}
