export { applyWaivers } from "./waivers/apply.ts";
export { parseWaivers, tooLongWaivers } from "./waivers/parse.ts";
export type { WaiverProblem } from "./waivers/waiver.ts";
