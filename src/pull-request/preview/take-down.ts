import { isDeepStrictEqual } from "node:util";
import type { PreviewRecord } from "../../model/preview.ts";
import { mayHaveHooks, type PreviewWorld, type TakingDown, takeDown, type Wanted } from "../../preview/preview.ts";
import { applySteps } from "./apply-steps.ts";
import type { PreviewDeps } from "./deps.ts";
import { standsMs } from "./observe-workload.ts";
import { observeWorld } from "./observe-world.ts";
import { blank, type PreviewFound, type PreviewScene } from "./scene.ts";
import { leaveSlot } from "./slots.ts";

/** `sha`: of the head, as far as it is known. */
export type TakeDownScene = Pick<PreviewScene, "key" | "run" | "owner" | "slug" | "before" | "nowMs"> & {
  deps: Pick<PreviewDeps, "engine" | "grounds">;
  sha: string;
};

/**
 * Takes away all that was made, wherever the record says that it may be. Gone is only what a list that was read anew, on the cluster itself, does
 * not show any more (invariant I5).
 */
export async function takeDownPreview(
  scene: TakeDownScene,
  wanted: Extract<Wanted, { kind: "down" }>,
): Promise<PreviewFound> {
  const { deps, before, sha, owner, slug, nowMs } = scene;
  const {
    expiresAtMs: _,
    sleepsAtMs: __,
    position: ___,
    queuedAtMs: ____,
    unknown: _____,
    ...rest
  } = before ?? blank(scene);
  const record: PreviewRecord = { ...rest, sha, reasons: wanted.reasons, parts: [] };
  const ended = async (): Promise<PreviewFound> => {
    await leaveSlot(deps.engine, scene.key);
    const { url: _, operations: __, replicas: ___, credentials: ____, ...last } = record;
    return { record: { ...last, state: wanted.state, made: [] } };
  };
  if (record.made.length === 0) return ended();
  const { grounds } = deps;
  if (!grounds)
    return {
      record: {
        ...record,
        state: "tearing-down",
        unknown: "No cluster is configured any more, so what was made cannot be taken away.",
      },
    };
  // A preview that moved between two Argo CDs is taken from one after the other.
  const at = record.made[0]?.argocd;
  const made = record.made.filter(({ argocd }) => isDeepStrictEqual(argocd, at));
  const later = record.made.filter((place) => !made.includes(place));
  const look = async (fresh: boolean): Promise<{ world: PreviewWorld; plan: TakingDown }> => {
    const seen = await observeWorld(grounds, { owner, slug, places: made, fresh, nowMs });
    const known = { sha: record.sha, nowMs, maxAgeMs: standsMs(nowMs - record.sinceMs) };
    const world = mayHaveHooks(seen, nowMs) ? await grounds.workloads.observe(seen, known) : seen;
    return { world, plan: takeDown({ made, owner, slug, world, nowMs }) };
  };
  let { world, plan } = await look(false);
  // What the watches show is enough to go on; only what the API servers themselves show is enough to say that it is gone.
  if (plan.gone || world.unreadable.length > 0) ({ world, plan } = await look(true));
  const refusals = await applySteps(grounds.clusters, plan.steps, scene.run);
  if (plan.gone && later.length > 0)
    return { record: { ...record, state: "tearing-down", made: later }, lookAgainMs: plan.lookAgainMs };
  if (plan.gone) return ended();
  const unreadable = world.unreadable[0];
  return {
    record: {
      ...record,
      state: "tearing-down",
      reasons: [...wanted.reasons, ...refusals, ...plan.held],
      ...(unreadable ? { unknown: `${unreadable.cluster} cannot be read: ${unreadable.why}` } : {}),
    },
    lookAgainMs: plan.lookAgainMs,
  };
}
