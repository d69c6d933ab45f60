import { KINDS } from "../model/kubernetes.ts";
import type { PreviewReason } from "../model/preview.ts";
import { hubOf } from "./app-project.ts";
import { isOperating, isSame } from "./application.ts";
import type { PartView } from "./parts.ts";
import type { PreviewPlan } from "./plan.ts";

/**
 * What a preview waits for where nothing stands in its way: of each Application that is not green, how far Argo CD has come with it.
 *
 * @param late it takes longer than anything should: people have to look
 */
export function awaitedOf(plan: PreviewPlan, views: readonly PartView[], late: boolean): PreviewReason[] {
  return views
    .filter(({ part }) => !part.green)
    .map((view) => ({
      cause: "stuck",
      message: awaited(view),
      cluster: hubOf(plan).cluster,
      component: view.component,
      object: view.application
        ? `${KINDS.application.kind} ${view.application.metadata.name}`
        : `${KINDS.applicationSet.kind} ${plan.slug}`,
      awaits: late ? "people" : "machines",
    }));
}

function awaited({ application, moved }: PartView): string {
  if (!application) return "Argo CD has not made its Application yet. Is its ApplicationSet controller running?";
  if (!moved)
    return "Argo CD has not brought its Application to this commit yet. Is its ApplicationSet controller running?";
  const { operation, status } = application;
  const { sync, health, operationState } = status;
  if (isOperating(application)) {
    return operation !== undefined && operationState?.operation === undefined
      ? "Argo CD has not begun its sync yet. Is its application controller running?"
      : `Argo CD is at its sync. ${operationState?.message ?? ""}`.trim();
  }
  if (
    sync?.status === undefined ||
    sync.status === "Unknown" ||
    !isSame(sync.comparedTo?.source, application.spec.source)
  )
    return "Argo CD has not compared it with this commit yet. Is its application controller running?";
  if (sync.status === "Synced" && health && health.status !== "Healthy")
    return `It is synced, and not healthy yet: Argo CD says ${[health.status, health.message].filter(Boolean).join(", ")}.`;
  return "Argo CD has not synced it to this commit yet. Is its application controller running?";
}
