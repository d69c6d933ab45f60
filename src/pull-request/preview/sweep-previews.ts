import { isDeepStrictEqual } from "node:util";
import { formatKey, parseKey } from "../../model/key.ts";
import { KINDS, type KubeObject, type ObjectKind } from "../../model/kubernetes.ts";
import { MANAGED_BY, ownerOf, PREVIEW_LABELS, type PreviewPlace, type PreviewRecord } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import { ClusterError } from "../../ports/cluster.ts";
import type { Engine } from "../../ports/engine.ts";
import type { InstallationState } from "../../ports/life-cycle.ts";
import type { PreviewGrounds } from "./deps.ts";

export interface SweepPreviewsDeps {
  engine: Pick<Engine, "records" | "queue">;
  clock: { now(): number };
  appId: number;
  grounds: PreviewGrounds | undefined;
  log: { warn(fields: object, message: string): void };
  /** Told how many previews there are of each state, for metrics. */
  counted?(counts: ReadonlyMap<string, number>): void;
}

/**
 * Brings every preview that is not gone to the queue, and those that clusters show but no record knows: an orphan is written down, so that its
 * own run finds out from GitHub whether it may go. Nothing is deleted here, and a list that failed says nothing.
 */
export async function sweepPreviews(deps: SweepPreviewsDeps): Promise<void> {
  const { records, queue } = deps.engine;
  const counts = new Map<string, number>();
  const installations = new Set<number>();
  for (const { key, value } of await records.list<PreviewRecord>(storageKey.allPreviews())) {
    counts.set(value.state, (counts.get(value.state) ?? 0) + 1);
    if (value.made.length > 0 || !["gone", "disabled", "skipped"].includes(value.state)) await queue.enqueue(key);
    if (value.made.length > 0) installations.add(parseKey(key).installationId);
  }
  deps.counted?.(counts);
  // Nobody else looks once more at one that is gone; only its own run takes down what it has left.
  for (const installationId of installations) {
    const state = await records.get<InstallationState>(storageKey.installationState(installationId));
    if (state === undefined || state.value.status === "uninstalled")
      await queue.enqueue(formatKey({ kind: "installation", installationId }));
  }
  if (deps.grounds) for (const [key, found] of await orphans(deps, deps.grounds)) await adopt(deps, key, found);
}

interface Orphan {
  slug: string;
  place: PreviewPlace;
  /** Found with Argo CD, which does not tell on which clusters the preview is: the place is any that leads there. */
  atHub: boolean;
}

/** What carries our labels on any cluster, by the key of its preview. */
async function orphans(deps: SweepPreviewsDeps, grounds: PreviewGrounds): Promise<[string, Orphan][]> {
  const { clusters, inventory } = grounds;
  const labels = { [PREVIEW_LABELS.managedBy]: MANAGED_BY, [PREVIEW_LABELS.app]: String(deps.appId) };
  const found: [string, Orphan][] = [];
  const look = async (name: string, kind: ObjectKind, namespace?: string): Promise<KubeObject[]> => {
    try {
      return (
        (await clusters.cluster(name)?.list({ kind, labels, ...(namespace === undefined ? {} : { namespace }) })) ?? []
      );
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      deps.log.warn({ cluster: name, kind: kind.kind, why: error.message }, "orphans cannot be looked for");
      return [];
    }
  };
  const { argocd } = inventory;
  const seen = [
    ...inventory.clusters.map(async ({ name }) => ({
      cluster: name,
      objects: await look(name, KINDS.namespace),
      atHub: false,
    })),
    // Where the set or the project is left alone, the preview may have been on any cluster: the first one leads to both.
    ...[KINDS.applicationSet, KINDS.appProject].map(async (kind) => ({
      cluster: inventory.clusters[0]?.name ?? argocd.cluster,
      objects: await look(argocd.cluster, kind, argocd.namespace),
      atHub: true,
    })),
  ];
  for (const { cluster, objects, atHub } of await Promise.all(seen)) {
    for (const { metadata } of objects) {
      const owner = ownerOf(metadata.labels);
      if (owner?.appId !== deps.appId || metadata.name !== owner.slug) continue;
      const { installationId, repositoryId, number, slug } = owner;
      const key = formatKey({ kind: "preview", installationId, repositoryId, number });
      found.push([key, { slug, place: { cluster, namespace: slug, argocd }, atHub }]);
    }
  }
  return found;
}

/** How often a record that a run of the preview writes meanwhile is read anew. */
const ADOPTION_TRIES = 5;

/** The preview's own record says from now on that something may be there. It is only ever added to. */
async function adopt({ engine, clock }: SweepPreviewsDeps, key: string, orphan: Orphan): Promise<void> {
  const { slug, place } = orphan;
  const { records, queue } = engine;
  for (let tried = 0; tried < ADOPTION_TRIES; tried++) {
    // A preview's record lies under its key's own name.
    const entry = await records.get<PreviewRecord>(key);
    const known = entry?.value;
    if (known?.made.some((one) => leadsTo(one, orphan))) return;
    // Being made or taken down right now under another name: that run knows better.
    if (known && known.slug !== slug && known.made.length > 0) return;
    const nowMs = clock.now();
    const record: PreviewRecord = {
      state: "provisioning",
      sha: "",
      reasons: [],
      parts: [],
      sinceMs: nowMs,
      activeAtMs: nowMs,
      ...known,
      slug,
      made: [...(known?.made ?? []), place],
    };
    if ((await records.compareAndSwap(key, record, entry?.revision ?? 0)) === undefined) continue;
    await queue.enqueue(key);
    return;
  }
}

/** A preview on other clusters than the first one is no orphan because its set is where Argo CD is. */
function leadsTo(known: PreviewPlace, { place, atHub }: Orphan): boolean {
  if (known.namespace !== place.namespace) return false;
  return atHub ? isDeepStrictEqual(known.argocd, place.argocd) : known.cluster === place.cluster;
}
