import { parseKey } from "../../model/key.ts";
import type { ParkedKey, QueueStats } from "../../ports/queue.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { seenRepositories } from "./repositories.ts";

export interface QueueView {
  /** Of the whole process, whoever asks: numbers that name nobody. */
  stats: QueueStats;
  /** Keys that wait for somebody to act, of what the viewer operates. */
  parked: ParkedKey[];
}

export async function queueView(deps: ViewDeps, viewer: Viewer): Promise<QueueView> {
  const operated = await operatedBy(deps, viewer);
  return {
    stats: await deps.engine.queue.stats(),
    parked: (await deps.engine.queue.parked()).filter(({ key }) => operated(key)),
  };
}

/** Whether it was enqueued: the viewer has to be an operator of what the key names, which has to be parked. */
export async function retryKey(deps: ViewDeps, viewer: Viewer, key: string): Promise<boolean> {
  const { parked } = await queueView(deps, viewer);
  if (!parked.some((one) => one.key === key)) return false;
  await deps.engine.queue.enqueue(key);
  return true;
}

/** Which keys somebody operates: those of repositories that they see and have the role for; an installation's, when they have it for one of its. */
async function operatedBy(deps: ViewDeps, viewer: Viewer): Promise<(key: string) => boolean> {
  const repositories = (await seenRepositories(deps, viewer)).filter(({ ref }) => viewer.has("operator", ref.owner));
  const repositoryKeys = new Set(repositories.map(({ installationId, ref }) => `${installationId}/${ref.id}`));
  const installationIds = new Set(repositories.map(({ installationId }) => installationId));
  return (text) => {
    const key = parseKey(text);
    return key.kind === "installation"
      ? installationIds.has(key.installationId) || viewer.kind === "machine"
      : repositoryKeys.has(`${key.installationId}/${key.repositoryId}`);
  };
}
