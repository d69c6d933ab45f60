import { setImmediate as nextTurn } from "node:timers/promises";
import { gateState } from "../../gate/gate.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { TrackedPull } from "../../model/tracked-pull.ts";
import type { GateState, Verdict } from "../../model/verdict.ts";
import type { PolicyOnTrial, PolicySandbox } from "../../ports/checker.ts";
import type { Viewer } from "../viewer.ts";
import { type DecisionRow, rowOf, storedDecision } from "./decisions.ts";
import type { ViewDeps } from "./deps.ts";
import { type FinalDecision, finalDecisions } from "./final-decisions.ts";
import { edited, messageOf } from "./replay.ts";

export interface WhatIfQuestion {
  /** Which decisions: those from then on, ms since the epoch. */
  sinceMs: number;
  /** Edits the facts of each, https://www.rfc-editor.org/rfc/rfc7386. */
  patch?: unknown;
  /** A compiled OPA bundle (`.tar.gz`) that decides in place of the policy in force. */
  bundle?: Uint8Array;
  /** Decisions that are judged at most; {@link WHAT_IF_MAX} are the most that may be asked for. */
  limit?: number;
  /** Ends it early. */
  signal?: AbortSignal;
}

/** A pull request whose outcome would have been another one. */
export interface WhatIfChange {
  decision: DecisionRow;
  title: string;
  /** When it was merged; absent while it is open. */
  mergedAtMs?: number;
  from: GateState;
  to: GateState;
  /** What denies or waits then, each rule once. */
  rules: { rule: string; message: string }[];
}

export interface WhatIfReport {
  kind: "answered";
  /** Of the policy that was asked; absent where that is not known before it answers. */
  bundleRevision?: string;
  sinceMs: number;
  /** Decisions that were judged anew. */
  judged: number;
  /** `blocked`: merges that were let through and would not have been. `freed`: those that were not, and would have been. */
  merges: { total: number; blocked: number; freed: number };
  open: { total: number; blocked: number; freed: number };
  /** Merges that nothing was decided about, at their head. */
  unjudgedMerges: number;
  /** Decisions whose facts were erased, or are not those that were judged. */
  withoutFacts: number;
  /** Decisions that the policy could not make; they count as not allowed. */
  undecided: number;
  /** There are more decisions than `limit`. */
  truncated: boolean;
  changes: WhatIfChange[];
}

export type WhatIfAnswer =
  | WhatIfReport
  /** This viewer asks already, or as many ask as may at one time. */
  | { kind: "busy"; who: "viewer" | "everybody" }
  | { kind: "bundle-refused"; why: string }
  | { kind: "patch-refused"; why: string; decision: string }
  | { kind: "cancelled" };

export const WHAT_IF_DEFAULT = 1_000;
export const WHAT_IF_MAX = 10_000;
const AT_ONE_TIME = 2;
const PER_TURN = 20;

/** Who asks at the moment, by sandbox: what bounds the work bounds it for portal and API together. */
const asking = new WeakMap<PolicySandbox, Set<string>>();

/** Which pull requests' final decisions would be others by another policy, or with edited facts. Changes nothing. */
export async function whatIf(deps: ViewDeps, viewer: Viewer, question: WhatIfQuestion): Promise<WhatIfAnswer> {
  const running = asking.get(deps.sandbox) ?? new Set();
  asking.set(deps.sandbox, running);
  const who = `${viewer.kind}/${viewer.login.toLowerCase()}`;
  if (running.has(who)) return { kind: "busy", who: "viewer" };
  if (running.size >= AT_ONE_TIME) return { kind: "busy", who: "everybody" };
  running.add(who);
  try {
    let policy: PolicyOnTrial;
    try {
      policy = await deps.sandbox.open(question.bundle);
    } catch (error) {
      return { kind: "bundle-refused", why: messageOf(error) };
    }
    try {
      return await answer(deps, viewer, question, policy);
    } finally {
      await policy.close();
    }
  } finally {
    running.delete(who);
  }
}

async function answer(
  deps: ViewDeps,
  viewer: Viewer,
  { sinceMs, patch, limit = WHAT_IF_DEFAULT, signal }: WhatIfQuestion,
  policy: PolicyOnTrial,
): Promise<WhatIfAnswer> {
  const most = Math.min(limit, WHAT_IF_MAX);
  const unjudged = { merges: 0 };
  const revision = policy.revision();
  const report: WhatIfReport = {
    kind: "answered",
    sinceMs,
    judged: 0,
    merges: { total: 0, blocked: 0, freed: 0 },
    open: { total: 0, blocked: 0, freed: 0 },
    unjudgedMerges: 0,
    withoutFacts: 0,
    undecided: 0,
    truncated: false,
    changes: [],
    ...(revision === undefined ? {} : { bundleRevision: revision }),
  };
  for await (const final of finalDecisions(deps, viewer, sinceMs, unjudged)) {
    if (signal?.aborted) return { kind: "cancelled" };
    if (report.judged + report.withoutFacts >= most) {
      report.truncated = true;
      break;
    }
    const stored = await storedDecision(deps, final.entry);
    if (stored.integrity !== "holds") {
      report.withoutFacts++;
      continue;
    }
    const edit = patch === undefined ? { ok: true as const, input: stored.input } : edited(stored.input, patch);
    if (!edit.ok) return { kind: "patch-refused", why: edit.why, decision: final.entry.id };
    const given = await policy.evaluate(edit.input).catch(() => undefined);
    report.judged++;
    if (given) report.bundleRevision = given.bundleRevision;
    else report.undecided++;
    await count(deps, report, final, gateState(stored.verdict), given?.verdict);
    // What somebody imagined may take the policy longer than what was read.
    if (patch !== undefined || report.judged % PER_TURN === 0) await nextTurn();
  }
  return { ...report, unjudgedMerges: unjudged.merges };
}

async function count(
  deps: ViewDeps,
  report: WhatIfReport,
  { entry, mergedAtMs }: FinalDecision,
  from: GateState,
  verdict: Verdict | undefined,
): Promise<void> {
  // What cannot be decided is never a yes.
  const to = verdict ? gateState(verdict) : "unknown";
  const side = mergedAtMs === undefined ? report.open : report.merges;
  side.total++;
  if (from === to) return;
  if (from === "allow") side.blocked++;
  if (to === "allow") side.freed++;
  const decision = await rowOf(deps, entry);
  const { installationId, repositoryId, number } = decision;
  const key = number === undefined ? undefined : storageKey.pull(installationId, repositoryId, number);
  const tracked = key === undefined ? undefined : (await deps.engine.records.get<TrackedPull>(key))?.value;
  report.changes.push({
    decision,
    title: tracked?.title ?? "",
    ...(mergedAtMs === undefined ? {} : { mergedAtMs }),
    from,
    to,
    rules: rulesOf(verdict),
  });
}

function rulesOf(verdict: Verdict | undefined): WhatIfChange["rules"] {
  if (!verdict) return [{ rule: "undecided", message: "The policy could not decide on these facts." }];
  const rules = new Map<string, string>();
  for (const { rule, message } of [...verdict.deny, ...verdict.waiting]) {
    if (!rules.has(rule)) rules.set(rule, message);
  }
  return [...rules].map(([rule, message]) => ({ rule, message }));
}
