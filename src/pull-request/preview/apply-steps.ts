import type { PreviewReason } from "../../model/preview.ts";
import { ClusterError, type Clusters } from "../../ports/cluster.ts";
import type { Run } from "../../ports/run.ts";
import type { PreviewStep } from "../../preview/preview.ts";

/**
 * Carries out what was planned, in order, each step after a look at the lease (invariant I6). A cluster that refuses or is away is a reason, not
 * an error: the steps after it on the same cluster are left for the next run, those on others go on.
 */
export async function applySteps(
  clusters: Clusters,
  steps: readonly PreviewStep[],
  run: Run,
): Promise<PreviewReason[]> {
  const reasons: PreviewReason[] = [];
  const stopped = new Set<string>();
  for (const step of steps) {
    if (stopped.has(step.cluster)) continue;
    const cluster = clusters.cluster(step.cluster);
    if (!cluster) continue;
    await run.fence();
    try {
      switch (step.do) {
        case "apply":
          await cluster.apply(step.object);
          break;
        case "delete":
          await cluster.delete(step.ref, { uid: step.uid, propagation: step.propagation });
          break;
        case "patch":
          await cluster.patch(
            step.ref,
            step.type,
            step.patch,
            step.subresource === undefined ? {} : { subresource: step.subresource },
          );
      }
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      stopped.add(step.cluster);
      reasons.push(reasonOf(step, error));
    }
  }
  return reasons;
}

const CAUSES = {
  unavailable: "cluster",
  "no-such-kind": "cluster",
  forbidden: "rights",
  conflict: "held",
  refused: "admission",
} as const;

function reasonOf(step: PreviewStep, error: ClusterError): PreviewReason {
  const target = step.do === "apply" ? step.object : { kind: step.ref.kind.kind, metadata: { name: step.ref.name } };
  return {
    cause: CAUSES[error.fault],
    message: error.message,
    cluster: step.cluster,
    object: `${target.kind} ${target.metadata.name}`,
    awaits: error.fault === "unavailable" || error.fault === "conflict" ? "machines" : "people",
  };
}
