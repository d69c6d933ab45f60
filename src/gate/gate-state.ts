import type { GateState, Verdict } from "../model/verdict.ts";

/** Worse outcomes have higher numbers: a commit's gate shows the worst of all open pull requests whose head it is. */
const RANK: Record<GateState, number> = {
  allow: 0,
  "waiting-on-people": 1,
  "waiting-on-machines": 2,
  unknown: 3,
  deny: 4,
};

/** Which of the four outcomes (and unknown) a verdict is. Anything that is not a clean yes is never `allow` (invariant I2). */
export function gateState(verdict: Verdict): GateState {
  if (verdict.deny.length > 0) return "deny";
  if (verdict.waiting.some((one) => one.on === "machines")) return "waiting-on-machines";
  if (verdict.waiting.length > 0) return "waiting-on-people";
  return verdict.allow === true ? "allow" : "deny";
}

export function worse(a: GateState, b: GateState): GateState {
  return RANK[b] > RANK[a] ? b : a;
}

/** How GitHub shows the outcome. https://docs.github.com/en/rest/checks/runs: buttons only show on completed runs. */
export function checkState(
  state: GateState,
): { status: "in_progress" } | { status: "completed"; conclusion: "success" | "failure" | "action_required" } {
  switch (state) {
    case "allow":
      return { status: "completed", conclusion: "success" };
    case "deny":
      return { status: "completed", conclusion: "failure" };
    case "waiting-on-people":
      return { status: "completed", conclusion: "action_required" };
    case "waiting-on-machines":
    case "unknown":
      return { status: "in_progress" };
  }
}
