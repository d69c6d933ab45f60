export { applyWaivers } from "./waivers/apply.ts";
export { matcherOf } from "./waivers/match.ts";
export { parseWaivers, tooLongWaivers } from "./waivers/parse.ts";
export type { WaiverProblem } from "./waivers/waiver.ts";
