/** The front of this room: what the coordinators use. */
export { applicationsOf, imageOf, type PlannedApplication, pathOf } from "./application-set.ts";
export { type PreviewCheck, previewCheck } from "./check.ts";
export { previewComment } from "./comment.ts";
export { isAsWanted } from "./difference.ts";
export { PREVIEW_KINDS } from "./kinds.ts";
export { applicationName, slugOf } from "./names.ts";
export { HOSTS_ANNOTATION, PULL_SECRET, SYNC_ACCOUNT } from "./namespace.ts";
export { ownedBy, type PlannedObject, previewObjects } from "./objects.ts";
export { stagesOf } from "./order.ts";
export { mayUse, type Placed, placePreview } from "./placement.ts";
export type { PreviewPlan, SourceTool } from "./plan.ts";
export {
  type NamespaceSight,
  type PlaceSight,
  type SeenEvent,
  type SeenObject,
  type SeenUse,
  sightOf,
} from "./sight.ts";
export { checkSource } from "./source/check-source.ts";
export { TEXT_BYTES_MAX } from "./source/source-walk.ts";
export { type Steering, steer } from "./steer.ts";
export { mayHaveHooks, type TakingDown, takeDown } from "./teardown.ts";
export { hostsOf, isAllowedHost, type PreviewUrl, urlOf } from "./urls.ts";
export { type PreviewTimes, type Wanted, wantedOf } from "./wanted.ts";
export { commandsOf, TITLES as PREVIEW_TITLES } from "./words.ts";
export type { PlaceWorld, PreviewStep, PreviewWorld } from "./world.ts";
