/** The front of this room: what the coordinators use. */
export { gateButtons, pressToken } from "./buttons.ts";
export { type GateVote, type GroupMember, gateContent, voteState } from "./check-run.ts";
export { checkerConfig } from "./checker-config.ts";
export { commandInput, mergeGroupInput, mergeInput } from "./checker-input.ts";
export { type CodeOwners, ownersOf, readCodeOwners } from "./code-owners.ts";
export { gateState } from "./gate-state.ts";
export { type Change, type Comparison, changeOf, likeness } from "./same-change.ts";
