export { applyWaivers } from "./waivers/apply.ts";
export { parseWaivers, tooLongWaivers } from "./waivers/parse.ts";
export type { Waiver, WaiverProblem } from "./waivers/waiver.ts";
