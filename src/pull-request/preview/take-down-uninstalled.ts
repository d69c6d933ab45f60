import { formatKey, type Key, type PreviewKey, parseKey } from "../../model/key.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { PreviewReason, PreviewRecord } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import { repositoryStream } from "../../ports/ledger.ts";
import type { InstallationState } from "../../ports/life-cycle.ts";
import type { Run } from "../../ports/run.ts";
import type { PreviewDeps } from "./deps.ts";
import { takeDownPreview } from "./take-down.ts";

/** Seven days: an App that was taken away by mistake is installed again by then, and nobody's data is lost. */
export const UNINSTALLED_GRACE_MS = 7 * 24 * 3_600_000;

const AGAIN_MS = 2_000;
const LOOK_AGAIN_MOST_MS = 3_600_000;

type UninstalledDeps = Pick<PreviewDeps, "engine" | "clock" | "appId" | "grounds" | "became">;

/**
 * Takes down every preview of an installation that has been gone for longer than the grace period. Its own keys rest and GitHub answers nothing
 * about it any more, so this is done by the run of the installation's key, which no other run can meet. Undefined where there is nothing to do.
 */
export async function takeDownUninstalled(
  deps: UninstalledDeps,
  { installationId }: Key & { kind: "installation" },
  run: Run,
): Promise<Outcome | undefined> {
  const { records } = deps.engine;
  const state = (await records.get<InstallationState>(storageKey.installationState(installationId)))?.value;
  if (state?.status !== "uninstalled") return undefined;
  const there = (await records.list<PreviewRecord>(storageKey.previewsOf(installationId))).filter(
    ({ value }) => value.made.length > 0,
  );
  if (there.length === 0) return undefined;
  const leftMs = state.sinceMs + UNINSTALLED_GRACE_MS - deps.clock.now();
  if (leftMs > 0) return { kind: "requeue", afterMs: Math.min(leftMs, LOOK_AGAIN_MOST_MS) };
  const ended = await Promise.all(
    there.map(({ key, value }) => takeDownOne(deps, parseKey(key) as PreviewKey, value, run)),
  );
  return ended.every(Boolean) ? undefined : { kind: "requeue", afterMs: AGAIN_MS };
}

async function takeDownOne(deps: UninstalledDeps, key: PreviewKey, before: PreviewRecord, run: Run): Promise<boolean> {
  const { records, ledger } = deps.engine;
  const { installationId, repositoryId, number } = key;
  const nowMs = deps.clock.now();
  const owner = { appId: deps.appId, installationId, repositoryId, number };
  const scene = { deps, key, run, owner, slug: before.slug, before, sha: before.sha, nowMs };
  const why: PreviewReason = {
    cause: "config",
    message: "The App is not installed here any more.",
    awaits: "nobody",
  };
  const { activeAtMs } = before;
  const { record } = await takeDownPreview(scene, { kind: "down", state: "gone", reasons: [why], activeAtMs });
  const moved = before.state !== record.state;
  await run.fence();
  await records.put(storageKey.preview(installationId, repositoryId, number), {
    ...record,
    sinceMs: moved ? nowMs : record.sinceMs,
  });
  if (moved) {
    const subject = formatKey(key);
    await ledger.append(repositoryStream(key), [
      {
        type: `preview_${record.state.replaceAll("-", "_")}`,
        subject,
        atMs: nowMs,
        id: `preview/${subject}/${nowMs}/${record.state}`,
        data: { sha: record.sha, slug: record.slug, reasons: [`${why.cause}: ${why.message}`] },
      },
    ]);
    deps.became?.(record.state);
  }
  return record.made.length === 0;
}
