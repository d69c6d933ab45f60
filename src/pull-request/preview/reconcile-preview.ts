import { isDeepStrictEqual } from "node:util";
import { formatKey, type PreviewKey } from "../../model/key.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { PreviewRecord, PreviewWish } from "../../model/preview.ts";
import type { RepositoryRef } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import { repositoryStream } from "../../ports/ledger.ts";
import type { Run } from "../../ports/run.ts";
import { span } from "../../ports/span.ts";
import { previewComment, slugOf, type Wanted, wantedOf } from "../../preview/preview.ts";
import { bringUp } from "./bring-up.ts";
import type { PreviewDeps } from "./deps.ts";
import { stateEvent, thoughtEvent } from "./preview-events.ts";
import { blank, type PreviewFound, type PreviewScene } from "./scene.ts";
import { takeDownPreview } from "./take-down.ts";
import { tellGitHub } from "./tell.ts";

/** Nobody tells of a change in what a cluster no longer shows, of images that appear, or of time to live. */
const LOOK_AGAIN_MOST_MS = 3_600_000;
/** What has been so for long hardly changes in the next second: it is looked at again after that part of the time. Changes are told by watches. */
const PATIENCE = 20;
const PATIENCE_MOST_MS = 120_000;
/** A preview that is being made says something else several times a second. Only its states are told at once, the steps in between so late. */
const STEP_TOLD_MS = 2_000;
/** The comment and the deployment are not changed for such steps before it takes that long: GitHub takes 80 of such writes a minute. */
const STEPS_SAID_MS = 15_000;

/**
 * One pull request's preview: facts → what is wanted → steps on the clusters → what is known of it. All of it comes from GitHub, the clusters and
 * the records, so that a restart changes nothing, and each run may be cut off anywhere.
 */
export async function reconcilePreview(
  deps: PreviewDeps,
  key: PreviewKey,
  ref: RepositoryRef,
  run: Run,
): Promise<Outcome> {
  const { records } = deps.engine;
  const { installationId, repositoryId, number } = key;
  const recordKey = storageKey.preview(installationId, repositoryId, number);
  const [before, wish, okToTest] = await Promise.all([
    records.get<PreviewRecord>(recordKey),
    records.get<PreviewWish>(storageKey.previewWish(installationId, repositoryId, number)),
    records.get<{ sha: string }>(storageKey.okToTest(installationId, repositoryId, number)),
  ]);
  const api = deps.github.repository(installationId, ref);
  const { pull, effective, changedFiles, standsForMs } = await deps.facts.read(deps, key, api, run);
  const config = effective.valid ? (effective.config.preview ?? null) : null;
  if (config === null && effective.valid && before === undefined) return { kind: "done" };
  const owner = { appId: deps.appId, installationId, repositoryId, number };
  const nowMs = deps.clock.now();
  const scene: PreviewScene = {
    deps,
    key,
    run,
    api,
    pull,
    sha: pull.headSha,
    config,
    owner,
    slug: before?.value.slug ?? slugOf(owner, ref.name),
    wish: wish?.value ?? {},
    before: before?.value,
    nowMs,
  };
  const wanted = wantedOf({
    pull,
    config,
    ...(effective.valid ? {} : { configBroken: `${effective.file} cannot be used` }),
    grounds: deps.grounds !== undefined,
    wish: scene.wish,
    okToTest: okToTest?.value.sha ?? null,
    changedFiles,
    before: scene.before,
    nowMs,
  });
  const found = await span("preview", { attributes: { "hms.preview.wanted": wanted.kind } }, () =>
    carryOut(scene, wanted),
  );
  const sinceMs = await remember(scene, found);
  const quiet = isStep(scene, found.record);
  if (!quiet) {
    const shown = found.record.createdAtMs !== undefined;
    const pageUrl = `${deps.publicUrl}/pulls/${encodeURIComponent(ref.owner)}/${encodeURIComponent(ref.name)}/${number}/preview`;
    const comment = config?.comment === false ? undefined : previewComment(found.record, { shown, pageUrl });
    await tellGitHub(deps, key, api, found.record, { comment, logUrl: pageUrl }, run);
  }
  const patienceMs = Math.min((nowMs - sinceMs) / PATIENCE, PATIENCE_MOST_MS);
  const later = Math.max(Math.min(found.lookAgainMs ?? Number.POSITIVE_INFINITY, LOOK_AGAIN_MOST_MS), patienceMs);
  const again = Math.min(later, standsForMs ?? LOOK_AGAIN_MOST_MS, quiet ? STEPS_SAID_MS : LOOK_AGAIN_MOST_MS);
  return found.record.state === "gone" && pull.state === "closed"
    ? { kind: "done" }
    : { kind: "requeue", afterMs: Math.max(250, again) };
}

function carryOut(scene: PreviewScene, wanted: Wanted): Promise<PreviewFound> {
  switch (wanted.kind) {
    case "up":
    case "asleep":
      return bringUp(scene, wanted);
    case "down":
      return takeDownPreview(scene, wanted);
    case "leave":
      return Promise.resolve({ record: { ...blank(scene), ...scene.before, unknown: wanted.why } });
  }
}

/**
 * Writes down what is known by now, and brings the pull request to be judged again where that changes what is said of it.
 *
 * @returns since when the preview has been in its state, ms since the epoch
 */
async function remember({ deps, key, run, before, nowMs }: PreviewScene, found: PreviewFound): Promise<number> {
  const { records, ledger, queue } = deps.engine;
  const { installationId, repositoryId, number } = key;
  const recordKey = storageKey.preview(installationId, repositoryId, number);
  const moved = before?.state !== found.record.state || before.sha !== found.record.sha;
  const told = { ...found.record, sinceMs: moved ? nowMs : found.record.sinceMs };
  const { sinceMs } = told;
  if (isDeepStrictEqual(before, told)) return sinceMs;
  await run.fence();
  const there = await records.get<PreviewRecord>(recordKey);
  const record = { ...told, made: [...told.made, ...adopted(there?.value, before, told)] };
  const events = [
    ...(found.thought ? [thoughtEvent(key, record, found.thought, nowMs)] : []),
    ...(moved ? [stateEvent(key, record, nowMs)] : []),
  ];
  // In one turn of the event loop, so in one transaction.
  await Promise.all([
    records.compareAndSwap(recordKey, record, there?.revision ?? 0).then((revision) => {
      if (revision === undefined) throw new Error("the preview's record was written by somebody else meanwhile");
    }),
    // What led here has had the pull request judged already. Told once more, it would have GitHub read anew in every run of both.
    ...(isDeepStrictEqual(before && shownOf(before), shownOf(record))
      ? []
      : [
          queue.enqueue(formatKey({ kind: "pull", installationId, repositoryId, number }), {
            notBeforeMs: moved || before?.unknown !== record.unknown ? nowMs : nowMs + STEP_TOLD_MS,
          }),
        ]),
    ...(events.length > 0 ? [ledger.append(repositoryStream(key), events)] : []),
  ]);
  if (!moved) return sinceMs;
  deps.became?.(record.state);
  if (record.state === "healthy" && before?.state === "provisioning") deps.tookMs?.(nowMs - record.activeAtMs);
  return sinceMs;
}

/** What a sweep found on clusters while the run went on, which so knows nothing of it. */
function adopted(there: PreviewRecord | undefined, before: PreviewRecord | undefined, told: PreviewRecord) {
  const known = [...(before?.made ?? []), ...told.made];
  return (there?.made ?? []).filter((place) => !known.some((one) => isDeepStrictEqual(one, place)));
}

/** Without what only the preview's own runs go by. */
function shownOf({ operations: _, replicas: __, credentials: ___, ...shown }: PreviewRecord): Partial<PreviewRecord> {
  return shown;
}

/** One more step of a preview that came to be not long ago: GitHub says that it is being made, unless the last run failed to say so. */
function isStep({ before, run, nowMs }: PreviewScene, { state, sha, sinceMs, unknown }: PreviewRecord): boolean {
  return (
    run.lease.attempt === 0 &&
    state === "provisioning" &&
    unknown === undefined &&
    before?.state === state &&
    before.sha === sha &&
    before.unknown === undefined &&
    nowMs - sinceMs < STEPS_SAID_MS
  );
}
