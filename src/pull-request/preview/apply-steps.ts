import { setTimeout as pause } from "node:timers/promises";
import type { KubeObject } from "../../model/kubernetes.ts";
import type { PreviewReason } from "../../model/preview.ts";
import { type Cluster, ClusterError, type Clusters } from "../../ports/cluster.ts";
import type { Run } from "../../ports/run.ts";
import { type PreviewStep, stagesOf } from "../../preview/preview.ts";

/** Of one preview: a cluster takes a few more at a time, from all of them. */
const AT_ONCE = 8;

/**
 * Carries out what was planned, in order, and side by side what needs nothing of each other; each step after a look at the lease (invariant I6). A
 * cluster that refuses or is away is a reason, not an error: the stages after it on the same cluster are left for the next run, those on others go
 * on. When it ends, nothing that it began is under way.
 */
export async function applySteps(
  clusters: Clusters,
  steps: readonly PreviewStep[],
  run: Run,
): Promise<PreviewReason[]> {
  const reasons: PreviewReason[] = [];
  const stopped = new Set<string>();
  for (const stage of stagesOf(steps)) {
    const due = stage.filter((step) => !stopped.has(step.cluster));
    for (const refused of await sideBySide(due, (step) => carriedOut(clusters, step, run))) {
      if (refused?.cluster !== undefined) stopped.add(refused.cluster);
      // Of a cluster that is away each write says the same.
      if (refused && !reasons.some((one) => one.cluster === refused.cluster && one.message === refused.message))
        reasons.push(refused);
    }
  }
  return reasons;
}

/** What became of each, in their order. Where one throws no more are begun, and it rejects once those under way have ended. */
async function sideBySide<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = [...all.entries()];
  const ended = await Promise.allSettled(
    Array.from({ length: Math.min(AT_ONCE, all.length) }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        try {
          results[next[0]] = await work(next[1]);
        } catch (error) {
          queue.length = 0;
          throw error;
        }
      }
    }),
  );
  for (const lane of ended) if (lane.status === "rejected") throw lane.reason;
  return results;
}

/** Why it could not be done; undefined where it was, or where there is no such cluster any more. */
async function carriedOut(clusters: Clusters, step: PreviewStep, run: Run): Promise<PreviewReason | undefined> {
  const cluster = clusters.cluster(step.cluster);
  if (!cluster) return undefined;
  await run.fence();
  try {
    switch (step.do) {
      case "apply":
        await applied(cluster, step.object, run);
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
    return undefined;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return reasonOf(step, error);
  }
}

/** Of Argo CD's controller, which writes a whole ApplicationSet back when it takes the mark of a refresh off, and owns what it only rewrote. */
const SET_WRITER = "argocd-applicationset-controller";
const OTHER_MANAGER = /conflicts? with "([^"]{1,253})"/g;

/** Kubernetes has not counted yet what a new quota is about. https://kubernetes.io/docs/concepts/policy/resource-quotas/ */
const UNCOUNTED = /\bstatus unknown for quota\b/;
const COUNTED_AFTER_MS = [50, 150, 400] as const;

/** Other managers' fields are left alone and told, but for those of our own ApplicationSet that Argo CD's controller wrote back as they were. */
async function applied(cluster: Cluster, object: KubeObject, run: Run): Promise<void> {
  try {
    await appliedOnceCounted(cluster, object, run);
  } catch (error) {
    if (!(error instanceof ClusterError && isOnlyRewritten(object, error))) throw error;
    await run.fence();
    await cluster.apply(object, { force: true });
  }
}

async function appliedOnceCounted(cluster: Cluster, object: KubeObject, run: Run): Promise<void> {
  for (const waitMs of COUNTED_AFTER_MS) {
    try {
      await cluster.apply(object);
      return;
    } catch (error) {
      if (!(error instanceof ClusterError && UNCOUNTED.test(error.message))) throw error;
    }
    await pause(waitMs);
    await run.fence();
  }
  await cluster.apply(object);
}

function isOnlyRewritten({ kind }: KubeObject, { message }: ClusterError): boolean {
  const managers = [...message.matchAll(OTHER_MANAGER)].map(([, name]) => name);
  return kind === "ApplicationSet" && managers.length > 0 && managers.every((name) => name === SET_WRITER);
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
  if (UNCOUNTED.test(message)) return "machines";
  if (fault === "conflict") return message.search(OTHER_MANAGER) < 0 ? "machines" : "people";
  return fault === "unavailable" ? "machines" : "people";
}
