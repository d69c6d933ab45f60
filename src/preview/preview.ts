/** The front of this room: what the coordinators use. */
export type { PreviewPlan } from "./plan.ts";
export type { PlaceWorld, PreviewStep, PreviewWorld } from "./world.ts";
