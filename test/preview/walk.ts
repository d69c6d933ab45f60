import type { PreviewRecord } from "../../src/model/preview.ts";
import {
  isAsWanted,
  type PreviewPlan,
  previewObjects,
  type Steering,
  steer,
  takeDown,
} from "../../src/preview/preview.ts";
import type { ToyClusters } from "./toy-clusters.ts";

export interface Walk {
  clusters: ToyClusters;
  plan: PreviewPlan;
  before?: PreviewRecord | undefined;
  nowMs: number;
}

/** One run of a coordinator: look, decide, write, and what the record is then. `crashes`: it ends before the record is written. */
export function run(walk: Walk, { crashes = false, probe = true } = {}): Steering {
  const { clusters, plan, before, nowMs } = walk;
  const seen = clusters.world(plan);
  const world = {
    ...seen,
    ...(probe ? { probe: { ok: true as const } } : { probe: { ok: false as const, why: "502" } }),
  };
  const decided = steer({ plan, objects: previewObjects(plan), isAsWanted, world, before, nowMs });
  clusters.carryOut(decided.steps, nowMs);
  clusters.settle(plan, nowMs);
  if (!crashes) walk.before = recordOf(walk, decided);
  walk.nowMs += Math.min(Math.max(decided.lookAgainMs, 250), 5_000);
  return decided;
}

/** Runs until nothing is left to do, or the rounds are over. */
export function walkOn(walk: Walk, rounds = 40): Steering {
  let last = run(walk);
  for (let round = 1; round < rounds && (last.steps.length > 0 || last.state === "provisioning"); round++)
    last = run(walk);
  return last;
}

export function recordOf({ plan, before, nowMs }: Walk, decided: Steering): PreviewRecord {
  const { state, unknown, reasons, parts, operations, replicas, credentials } = decided;
  const same = before?.state === state && before.sha === plan.sha;
  return {
    state,
    sha: plan.sha,
    slug: plan.slug,
    reasons,
    parts,
    operations,
    replicas,
    made: plan.places.map(({ place }) => place),
    sinceMs: same ? before.sinceMs : nowMs,
    activeAtMs: before?.activeAtMs ?? nowMs,
    ...(credentials === undefined ? {} : { credentials }),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

/** Takes it down until it is gone, or the rounds are over; whether it is gone. */
export function removeOn(walk: Walk, rounds = 30): boolean {
  const { clusters, plan } = walk;
  const made = plan.places.map(({ place }) => place);
  for (let round = 0; round < rounds; round++) {
    const world = clusters.world(plan, made);
    const { steps, gone } = takeDown({ owner: plan.owner, slug: plan.slug, made, world, nowMs: walk.nowMs });
    if (gone) return true;
    clusters.carryOut(steps, walk.nowMs);
    clusters.settle(plan, walk.nowMs);
    walk.nowMs += 2_000;
  }
  return false;
}
