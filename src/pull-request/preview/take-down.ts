import type { PreviewRecord } from "../../model/preview.ts";
import { takeDown, type Wanted } from "../../preview/preview.ts";
import { applySteps } from "./apply-steps.ts";
import { observeWorld } from "./observe-world.ts";
import { blank, type PreviewFound, type PreviewScene } from "./scene.ts";
import { leaveSlot } from "./slots.ts";

/** A namespace takes seconds to go; its last object tells nobody. */
const LOOK_AGAIN_MS = 1_000;
const UNREADABLE_RETRY_MS = 10_000;

/**
 * Takes away all that was made, wherever the record says that it may be. Gone is only what a list that was read anew, on the cluster itself, does
 * not show any more (invariant I5).
 */
export async function takeDownPreview(
  scene: PreviewScene,
  wanted: Extract<Wanted, { kind: "down" }>,
): Promise<PreviewFound> {
  const { deps, before, pull, owner, slug, nowMs } = scene;
  const {
    expiresAtMs: _,
    sleepsAtMs: __,
    position: ___,
    queuedAtMs: ____,
    unknown: _____,
    ...rest
  } = before ?? blank(scene);
  const record: PreviewRecord = { ...rest, sha: pull.headSha, reasons: wanted.reasons, parts: [] };
  const ended = async (): Promise<PreviewFound> => {
    await leaveSlot(deps.engine, scene.key);
    const { createdAtMs: _, url: __, operations: ___, replicas: ____, ...last } = record;
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
  const world = await observeWorld(grounds, { owner, slug, places: record.made, fresh: true });
  const { steps, gone, held } = takeDown({ made: record.made, owner, slug, world, before, nowMs });
  const refusals = await applySteps(grounds.clusters, steps, scene.run);
  if (gone) return ended();
  const unreadable = world.unreadable[0];
  return {
    record: {
      ...record,
      state: "tearing-down",
      reasons: [...wanted.reasons, ...refusals, ...held],
      ...(unreadable ? { unknown: `${unreadable.cluster} cannot be read: ${unreadable.why}` } : {}),
    },
    lookAgainMs: unreadable ? UNREADABLE_RETRY_MS : LOOK_AGAIN_MS,
  };
}
