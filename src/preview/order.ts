import type { KubeObject } from "../model/kubernetes.ts";
import type { PreviewStep } from "./world.ts";

/**
 * Kinds of ours in the order in which they are written; those of one rank need nothing of each other. The quota counts ServiceAccounts and Secrets,
 * and lets none in before Kubernetes has counted for the first time: they come later than it by as much as there is. The set deploys what all
 * others hold in.
 */
const RANKS: readonly (readonly string[])[] = [
  ["Namespace"],
  ["ResourceQuota", "LimitRange", "NetworkPolicy", "RoleBinding"],
  ["AppProject", "ServiceAccount"],
  ["Secret"],
  ["ApplicationSet"],
];

/** Lower ones are written first. */
export function rankOf({ kind }: Pick<KubeObject, "kind">): number {
  const rank = RANKS.findIndex((kinds) => kinds.includes(kind));
  if (rank < 0) throw new Error(`${kind} is no kind that fences a preview in`);
  return rank;
}

/** The steps in their order; those of one stage may be carried out side by side, and all of them before the next. */
export function stagesOf(steps: readonly PreviewStep[]): PreviewStep[][] {
  const stages: PreviewStep[][] = [];
  let last: number | undefined;
  for (const step of steps) {
    const rank = step.do === "apply" ? RANKS.findIndex((kinds) => kinds.includes(step.object.kind)) : -1;
    const stage = rank >= 0 && rank === last ? stages.at(-1) : undefined;
    if (stage) stage.push(step);
    else stages.push([step]);
    last = rank;
  }
  return stages;
}
