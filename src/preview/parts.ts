import type { PreviewComponent } from "../config/preview.ts";
import type { PreviewPart, PreviewPlace } from "../model/preview.ts";
import { type ApplicationView, isOperating, isSame, viewOf } from "./application.ts";
import { sourceOf } from "./application-set.ts";
import { applicationName } from "./names.ts";
import { isOurs } from "./ownership.ts";
import type { PreviewPlan } from "./plan.ts";
import type { PreviewWorld } from "./world.ts";

/** One component on one cluster, with the Application that deploys it where there is one. */
export interface PartView {
  component: string;
  place: PreviewPlace;
  application: ApplicationView | undefined;
  /** The Application asks for what the plan wants: its operations are about this commit. */
  moved: boolean;
  part: PreviewPart;
}

/** In Argo CD's words; any of them means that what is shown may not be what is wanted. */
const BAD_CONDITION = /Error$|^SharedResourceWarning$|^RepeatedResourceWarning$/;

/** Every component on every cluster of a plan, as Argo CD tells of it. */
export function partsOf(plan: PreviewPlan, world: PreviewWorld): PreviewPart[] {
  return partViews(plan, world).map(({ part }) => part);
}

export function partViews(plan: PreviewPlan, world: PreviewWorld): PartView[] {
  const views = world.applications.filter((one) => isOurs(one, plan.owner, plan.slug)).map(viewOf);
  return plan.places.flatMap(({ place }, index) =>
    plan.config.components.map((component): PartView => {
      const name = applicationName(plan.slug, component.name, index);
      const application = views.find(
        (view) => view.metadata.name === name && view.metadata.namespace === place.argocd.namespace,
      );
      const moved = application !== undefined && asksForPlan(plan, component, place, application);
      return {
        component: component.name,
        place,
        application,
        moved,
        part: {
          component: component.name,
          cluster: place.cluster,
          application: application?.metadata.name ?? "",
          sync: application?.status.sync?.status || "Missing",
          health: application?.status.health?.status || "Missing",
          revision: application?.status.operationState?.syncResult?.revision ?? "",
          green: application !== undefined && moved && isGreen(plan, application),
        },
      };
    }),
  );
}

/** Whether the set has brought the Application to this commit and place: its source with all that stands for the commit in it. */
function asksForPlan(
  plan: PreviewPlan,
  component: PreviewComponent,
  place: PreviewPlace,
  { spec, metadata }: ApplicationView,
): boolean {
  const { name, server, namespace } = spec.destination;
  // An administrator's own patch of the destination may name the address instead.
  const there = name === place.cluster || (name === "" && place.cluster === "in-cluster" && server === IN_CLUSTER);
  return (
    metadata.deletionTimestamp === undefined &&
    there &&
    namespace === place.namespace &&
    spec.project === plan.slug &&
    isSame(spec.source, sourceOf(plan, component))
  );
}

const IN_CLUSTER = "https://kubernetes.default.svc";

/**
 * All that green asks of one Application. Argo CD says `Healthy` of broken YAML, of a path that is not there, of what the last commit left, and
 * of nothing at all: so what counts is what was compared, what was synced, and that both are this commit.
 */
function isGreen(plan: PreviewPlan, view: ApplicationView): boolean {
  const { spec, status, metadata } = view;
  const { sync, health, operationState, conditions } = status;
  const result = operationState?.syncResult;
  if (!sync || !result || metadata.deletionTimestamp !== undefined || isOperating(view)) return false;
  const revision = plan.config.source === undefined ? plan.sha : sync.revision;
  return (
    /^[0-9a-f]{40}$/.test(revision) &&
    sync.status === "Synced" &&
    sync.revision === revision &&
    health?.status === "Healthy" &&
    operationState.phase === "Succeeded" &&
    result.revision === revision &&
    isSame(result.source, spec.source) &&
    isSame(sync.comparedTo?.source, spec.source) &&
    isSame(sync.comparedTo?.destination, spec.destination) &&
    !isNothing(view) &&
    !conditions.some(({ type }) => BAD_CONDITION.test(type))
  );
}

/** A folder without a manifest is synced and healthy at once; nothing runs of it. */
export function isNothing({ status }: ApplicationView): boolean {
  // Hooks are no part of what is there, only of what was synced.
  return status.resources.length === 0 && (status.operationState?.syncResult?.resources ?? []).length === 0;
}
