import { isDeepStrictEqual } from "node:util";
import type { PreviewRecord } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import {
  applicationsOf,
  isAsWanted,
  type PreviewPlan,
  type PreviewWorld,
  previewObjects,
  steer,
  type Wanted,
} from "../../preview/preview.ts";
import { applySteps } from "./apply-steps.ts";
import type { PreviewGrounds } from "./deps.ts";
import { awaitedImages, type Hindrance, inspected } from "./hindrances.ts";
import { standsMs } from "./observe-workload.ts";
import { observeWorld } from "./observe-world.ts";
import { planPreview } from "./plan-preview.ts";
import { blank, type PreviewFound, type PreviewScene } from "./scene.ts";
import { leaveSlot, takeSlot } from "./slots.ts";
import { takeDownPreview } from "./take-down.ts";

/** What was just written shows itself in a watch; where none tells, this soon. */
const AFTER_WRITES_MS = 2_000;

type WantedThere = Extract<Wanted, { kind: "up" | "asleep" }>;

/** Makes the preview of the head, or moves it there, or puts it to sleep: as far as the clusters let it get in this run. */
export async function bringUp(scene: PreviewScene, wanted: WantedThere): Promise<PreviewFound> {
  const { deps, config, before } = scene;
  const { grounds } = deps;
  if (!grounds || !config) throw new Error("a preview is wanted without clusters or configuration");
  const awake = wanted.kind === "up";
  const source = await inspected(scene, grounds, config);
  if ("hindrance" in source) return hindered(scene, wanted, source.hindrance);
  const hindrance = awake ? await awaitedImages(scene, grounds, config) : undefined;
  if (hindrance) return hindered(scene, wanted, hindrance);
  const planned = await planPreview(scene, grounds, config, { awake, source });
  if ("refused" in planned) return hindered(scene, wanted, { state: "failed", reasons: [planned.refused] });
  const { plan, thought } = planned;
  const left = (before?.made ?? []).some((known) => !plan.places.some(({ place }) => isDeepStrictEqual(place, known)));
  // It is to be elsewhere by now: taken away whole, then made anew.
  if (left) return takeDownPreview(scene, { kind: "down", state: "gone", reasons: [], activeAtMs: wanted.activeAtMs });
  const slot = awake
    ? await takeSlot(deps.engine, scene.key, { max: config.maxActive, queuedAtMs: before?.queuedAtMs ?? scene.nowMs })
    : undefined;
  if (slot && "position" in slot) {
    const { position } = slot;
    const message = `${config.maxActive} previews of this repository are there already; this one is number ${position} of those that wait.`;
    return hindered(scene, wanted, {
      state: "queued",
      reasons: [{ cause: "queue", message, awaits: "machines" }],
      position,
    });
  }
  const record = await begin(scene, wanted, plan);
  const found = await walk(scene, grounds, record, plan);
  if (!awake && found.record.state === "sleeping") await leaveSlot(deps.engine, scene.key);
  const lookAgainMs = Math.min(found.lookAgainMs ?? Number.POSITIVE_INFINITY, wanted.untilMs - scene.nowMs);
  return { ...found, lookAgainMs, ...(thought ? { thought } : {}) };
}

/** What is there stays as it is, of whichever commit; the new one waits or has failed. */
function hindered(scene: PreviewScene, wanted: WantedThere, hindrance: Hindrance): PreviewFound {
  const { before, nowMs } = scene;
  const { state, reasons, position, lookAgainMs } = hindrance;
  const queued = state === "queued" ? { queuedAtMs: before?.queuedAtMs ?? nowMs } : {};
  const record = {
    ...recordOf(scene, wanted),
    state,
    reasons,
    ...queued,
    ...(position === undefined ? {} : { position }),
  };
  return { record, lookAgainMs };
}

/** What stays of the record whatever this run finds. */
function recordOf(scene: PreviewScene, { activeAtMs, expiresAtMs, sleepsAtMs }: WantedThere): PreviewRecord {
  const {
    unknown: _,
    position: __,
    queuedAtMs: ___,
    expiresAtMs: ____,
    sleepsAtMs: _____,
    ...before
  } = scene.before ?? blank(scene);
  return {
    ...before,
    sha: scene.pull.headSha,
    parts: [],
    reasons: [],
    activeAtMs,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(sleepsAtMs === undefined ? {} : { sleepsAtMs }),
  };
}

/** The record as it is before anything is made: where objects may be from now on is written down first (invariant I5). */
async function begin(scene: PreviewScene, wanted: WantedThere, plan: PreviewPlan): Promise<PreviewRecord> {
  const { deps, key, run, before, nowMs } = scene;
  const { url: _, ...rest } = recordOf(scene, wanted);
  const record: PreviewRecord = {
    ...rest,
    slug: plan.slug,
    createdAtMs: (before?.made.length ? before.createdAtMs : undefined) ?? nowMs,
    made: plan.places.map((one) => one.place),
    ...(plan.url === undefined ? {} : { url: plan.url }),
  };
  if (record.made.some((place) => !before?.made.some((known) => isDeepStrictEqual(place, known)))) {
    await run.fence();
    const { installationId, repositoryId, number } = key;
    // What was waited for until now is no part of the time that it takes.
    const begun: PreviewRecord = { ...record, state: "provisioning", sinceMs: nowMs };
    await deps.engine.records.put(storageKey.preview(installationId, repositoryId, number), begun);
  }
  return record;
}

/** Looks, decides, and looks closer where that could change the decision: at what runs, and at what the address answers. */
async function walk(
  scene: PreviewScene,
  grounds: PreviewGrounds,
  record: PreviewRecord,
  plan: PreviewPlan,
): Promise<PreviewFound> {
  const { owner, slug, before, nowMs, run } = scene;
  const objects = previewObjects(plan);
  const decide = (world: PreviewWorld) => steer({ plan, objects, isAsWanted, world, before, nowMs });
  const applications = applicationsOf(plan).map(({ name }) => name);
  let world = await observeWorld(grounds, {
    owner,
    slug,
    places: record.made,
    applications,
    fresh: false,
    nowMs: scene.nowMs,
  });
  let decision = decide(world);
  if (decision.wantsWorkload) {
    // What is scaled or seeded follows from what runs now; for reasons a moment ago will do.
    const follows = !plan.awake || plan.config.seed !== undefined || Object.keys(before?.replicas ?? {}).length > 0;
    const maxAgeMs = follows ? 0 : standsMs(nowMs - (before?.sinceMs ?? nowMs));
    world = await grounds.workloads.observe(world, { sha: plan.sha, nowMs, maxAgeMs });
    decision = decide(world);
  }
  if (decision.wantsProbe && plan.url !== undefined) {
    world = { ...world, probe: await grounds.probe.ask(plan.url, plan.config.readiness) };
    decision = decide(world);
  }
  const refusals = await applySteps(grounds.clusters, decision.steps, run);
  const { state, unknown, parts, reasons, operations, replicas, lookAgainMs } = decision;
  const credentials = refusals.length === 0 ? decision.credentials : undefined;
  return {
    record: {
      ...record,
      state,
      parts,
      reasons: [...refusals, ...reasons],
      operations,
      replicas,
      ...(credentials === undefined ? {} : { credentials }),
      ...(unknown === undefined ? {} : { unknown }),
    },
    lookAgainMs: decision.steps.length > 0 ? Math.min(lookAgainMs, AFTER_WRITES_MS) : lookAgainMs,
  };
}
