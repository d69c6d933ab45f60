import type { PreviewSeed } from "../config/preview.ts";
import { KINDS, type KubeObject } from "../model/kubernetes.ts";
import { type PreviewPlace, type PreviewReason, previewLabels } from "../model/preview.ts";
import { isOurs } from "./ownership.ts";
import type { PreviewPlan } from "./plan.ts";
import type { PlaceWorld, PreviewStep, PreviewWorld } from "./world.ts";

export interface Seeding {
  steps: PreviewStep[];
  /** The data is in, or none is asked for. */
  done: boolean;
  failed: boolean;
  reasons: PreviewReason[];
}

/** Name of the Job that seeds. */
export const SEED_JOB = "hms-seed";
/** A seed that has not finished by then is ended. */
const SEED_SECONDS = 900;

/**
 * Puts data in, once for each place, before the preview is green. A claim is restored from its snapshot before anything could use it; a Job runs
 * when everything else is `ready`, as there has to be something to put data into.
 */
export function seed(plan: PreviewPlan, world: PreviewWorld, ready: boolean): Seeding {
  const found: Seeding = { steps: [], done: true, failed: false, reasons: [] };
  const asked = plan.config.seed;
  if (asked === undefined) return found;
  for (const at of world.places) {
    const wanted = seedObject(plan, at.place, asked);
    const { kind, metadata } = wanted;
    const seen = at.workload?.find((one) => one.kind === kind && one.metadata.name === metadata.name);
    if (seen === undefined) {
      found.done = false;
      if (kind === "PersistentVolumeClaim" || ready) found.steps.push(...making(plan, wanted, at));
      continue;
    }
    const { phase, conditions } = (seen.status ?? {}) as { phase?: unknown; conditions?: unknown };
    const is = (type: string) =>
      (Array.isArray(conditions) ? conditions : []).find((one) => one?.type === type && one?.status === "True");
    if (kind === "Job" ? is("Complete") : phase === "Bound") continue;
    const failed = kind === "Job" ? is("Failed") : undefined;
    found.done = false;
    found.failed ||= failed !== undefined;
    found.reasons.push({
      cause: "seed",
      message: failed ? `The seed failed: ${String(failed.message ?? "")}` : "The data is being put in.",
      cluster: at.place.cluster,
      object: `${kind} ${metadata.name}`,
      awaits: failed ? "people" : "machines",
    });
  }
  return found;
}

/** Made once, and not again while it cannot be seen that it is not there. */
function making(plan: PreviewPlan, object: KubeObject, { place, namespace, workload }: PlaceWorld): PreviewStep[] {
  const there = namespace !== undefined && namespace.metadata.deletionTimestamp === undefined;
  return there && workload !== undefined && isOurs(namespace, plan.owner, plan.slug)
    ? [{ do: "apply", cluster: place.cluster, object }]
    : [];
}

function seedObject(plan: PreviewPlan, { namespace }: PreviewPlace, asked: PreviewSeed): KubeObject {
  const labels = previewLabels(plan.owner, plan.slug);
  if ("snapshot" in asked) {
    const { name, claim, size } = asked.snapshot;
    return {
      apiVersion: KINDS.persistentVolumeClaim.apiVersion,
      kind: KINDS.persistentVolumeClaim.kind,
      metadata: { name: claim, namespace, labels },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: size } },
        // https://kubernetes.io/docs/concepts/storage/persistent-volumes/#volume-snapshot-and-restore-volume-from-snapshot-support
        dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name },
      },
    };
  }
  const { image, command } = asked.job;
  return {
    apiVersion: KINDS.job.apiVersion,
    kind: KINDS.job.kind,
    metadata: { name: SEED_JOB, namespace, labels },
    spec: {
      backoffLimit: 2,
      activeDeadlineSeconds: SEED_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          // All that the strictest level of Pod Security asks for.
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "seed",
              image: image.replaceAll("{{head_sha}}", plan.sha),
              command,
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
            },
          ],
        },
      },
    },
  };
}
