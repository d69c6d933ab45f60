import { KINDS } from "../model/kubernetes.ts";
import type { PreviewReason, PreviewRecord } from "../model/preview.ts";
import { hubOf } from "./app-project.ts";
import { isOurs, isTerminating } from "./ownership.ts";
import type { PartView } from "./parts.ts";
import type { PreviewPlan } from "./plan.ts";
import type { PreviewStep, PreviewWorld } from "./world.ts";

/** Argo CD looks anew after three minutes, at a project that was made just before it looked and at a cluster that is back. */
const REFRESH_MS = 10_000;
/** What Argo CD does not see yet, or for the moment; nobody has to do anything. */
const PASSING =
  /references project \S+ which does not exist|there are no clusters with this name|error getting cluster by|connection refused|timed? ?out|deadline exceeded|unavailable/;

/** `missingkey=error`, a project or a cluster that Argo CD does not know, a name that is taken: https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/ */
export function setReasons(plan: PreviewPlan, { applicationSet }: PreviewWorld): PreviewReason[] {
  return errorsOf(applicationSet?.status).map((message) => ({
    cause: "sync",
    message: `Argo CD cannot make the Applications: ${message}`,
    cluster: hubOf(plan).cluster,
    object: `ApplicationSet ${applicationSet?.metadata.name ?? ""}`,
    awaits: PASSING.test(message) ? "machines" : "people",
  }));
}

/** Asks Argo CD to look again at a set that it could not bring to the commit. */
export function refreshSet(
  plan: PreviewPlan,
  views: readonly PartView[],
  { applicationSet }: PreviewWorld,
  before: PreviewRecord | undefined,
  nowMs: number,
): { steps: PreviewStep[]; since: Record<string, number> } {
  const passing = errorsOf(applicationSet?.status).some((message) => PASSING.test(message));
  if (!applicationSet || !passing || isTerminating(applicationSet) || !isOurs(applicationSet, plan.owner, plan.slug))
    return { steps: [], since: {} };
  if (views.every(({ moved }) => moved)) return { steps: [], since: {} };
  const key = `${plan.slug} refresh`;
  const sinceMs = Math.min(before?.operations?.[key] ?? nowMs, nowMs);
  if (sinceMs + REFRESH_MS > nowMs) return { steps: [], since: { [key]: sinceMs } };
  const { name, namespace = hubOf(plan).namespace, uid } = applicationSet.metadata;
  // Argo CD takes it off when it has worked; before, only another value makes it look.
  const annotations = { "argocd.argoproj.io/application-set-refresh": new Date(nowMs).toISOString() };
  return {
    steps: [
      {
        do: "patch",
        cluster: hubOf(plan).cluster,
        ref: { kind: KINDS.applicationSet, name, namespace },
        type: "merge",
        patch: { metadata: { annotations, ...(uid === undefined ? {} : { uid }) } },
      },
    ],
    since: { [key]: nowMs },
  };
}

function errorsOf(status: unknown): string[] {
  const { conditions } = (status ?? {}) as { conditions?: unknown };
  return ((Array.isArray(conditions) ? conditions : []) as Record<string, unknown>[])
    .filter(({ type, status: is }) => type === "ErrorOccurred" && is === "True")
    .map(({ message }) => String(message ?? ""));
}
