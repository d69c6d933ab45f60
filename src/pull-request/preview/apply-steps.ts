import type { KubeObject } from "../../model/kubernetes.ts";
import type { PreviewReason } from "../../model/preview.ts";
import { type Cluster, ClusterError, type Clusters } from "../../ports/cluster.ts";
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
          await applied(cluster, step.object);
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

/** Of Argo CD's controller, which writes a whole ApplicationSet back when it takes the mark of a refresh off, and owns what it only rewrote. */
const SET_WRITER = "argocd-applicationset-controller";
const OTHER_MANAGER = /conflicts? with "([^"]{1,253})"/g;

/** Other managers' fields are left alone and told, but for those of our own ApplicationSet that Argo CD's controller wrote back as they were. */
async function applied(cluster: Cluster, object: KubeObject): Promise<void> {
  try {
    await cluster.apply(object);
  } catch (error) {
    if (!(error instanceof ClusterError) || object.kind !== "ApplicationSet") throw error;
    const managers = [...error.message.matchAll(OTHER_MANAGER)].map(([, name]) => name);
    if (managers.length === 0 || managers.some((name) => name !== SET_WRITER)) throw error;
    await cluster.apply(object, { force: true });
  }
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
    awaits: awaitsOf(error),
  };
}

/** Who changed a field of ours has to leave it to us; any other conflict is one that time resolves. */
function awaitsOf({ fault, message }: ClusterError): PreviewReason["awaits"] {
  if (fault === "conflict") return message.search(OTHER_MANAGER) < 0 ? "machines" : "people";
  return fault === "unavailable" ? "machines" : "people";
}
