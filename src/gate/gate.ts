/** The front of this room: what the coordinators use. */
export { type GateVote, gateContent, voteState } from "./check-run.ts";
export { commandInput, mergeInput } from "./checker-input.ts";
export { gateState } from "./gate-state.ts";
