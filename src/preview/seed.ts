import type { PreviewReason } from "../model/preview.ts";
import type { PreviewPlan } from "./plan.ts";
import type { PreviewWorld } from "./world.ts";

export interface Seeding {
  /** The data is in, or none is asked for. */
  done: boolean;
  failed: boolean;
  reasons: PreviewReason[];
}

/** Name of the Job that seeds. */
export const SEED_JOB = "hms-seed";

/** Whether the data that green asks for is in, in every place. A snapshot is in once the claim that it is restored to is bound. */
export function seedState({ config }: PreviewPlan, world: PreviewWorld): Seeding {
  const { seed } = config;
  const found: Seeding = { done: true, failed: false, reasons: [] };
  if (seed === undefined) return found;
  for (const { place, workload } of world.places) {
    const [kind, name] = "job" in seed ? ["Job", SEED_JOB] : ["PersistentVolumeClaim", seed.snapshot.claim];
    const object = workload?.find((one) => one.kind === kind && one.metadata.name === name);
    const status = (object?.status ?? {}) as { phase?: unknown; conditions?: unknown };
    const conditions = (Array.isArray(status.conditions) ? status.conditions : []) as {
      type?: unknown;
      status?: unknown;
      message?: unknown;
    }[];
    const is = (type: string) => conditions.find((one) => one.type === type && one.status === "True");
    if (kind === "Job" ? is("Complete") : status.phase === "Bound") continue;
    const failed = is("Failed");
    found.done = false;
    found.failed ||= failed !== undefined;
    found.reasons.push({
      cause: "seed",
      message: failed ? `The seed failed: ${String(failed.message ?? "")}` : "The data is being put in.",
      cluster: place.cluster,
      object: `${kind} ${name}`,
      awaits: failed ? "people" : "machines",
    });
  }
  return found;
}
