import { createHash } from "node:crypto";
import type { Inventory } from "../../config/clusters.ts";
import { formatKey } from "../../model/key.ts";
import { KINDS, type KubeObject, type ObjectKind } from "../../model/kubernetes.ts";
import { MANAGED_BY, ownerOf, PREVIEW_LABELS } from "../../model/preview.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Clusters, Watch } from "../../ports/cluster.ts";
import type { Queue } from "../../ports/queue.ts";

/** Kinds of ours on Argo CD's cluster; its Secrets are not ours to read. */
export const HUB_KINDS: readonly ObjectKind[] = [KINDS.appProject, KINDS.applicationSet, KINDS.application];
/** Kinds of ours in the namespace of a preview. */
export const OWN_KINDS: readonly ObjectKind[] = [
  KINDS.resourceQuota,
  KINDS.limitRange,
  KINDS.networkPolicy,
  KINDS.serviceAccount,
  KINDS.roleBinding,
];
export const PLACE_KINDS: readonly ObjectKind[] = [KINDS.namespace, ...OWN_KINDS];

/** What is seen of all previews of this App without asking. */
export interface PreviewWatches {
  /** Objects of one preview, by its slug; undefined where the kind is not watched or what is known is too old. */
  seen(cluster: string, kind: ObjectKind, slug: string): readonly KubeObject[] | undefined;
  stop(): void;
}

interface Told {
  queue: Pick<Queue, "enqueue">;
  clock: Pick<Clock, "now">;
  failed(error: unknown): void;
}

/** Between two runs because of what a cluster does; a sync changes an Application several times in a row. */
const APART_MS = 100;
/** Of changes that nobody waits for: mostly echoes of our own writes, or one of the many steps in which a namespace goes. */
const LATER_MS = 1_000;

/** Follows everything that carries our labels; whatever changes what a preview is brings it to the queue. */
export function watchPreviews(
  { clusters, inventory }: { clusters: Clusters; inventory: Inventory },
  appId: number,
  { queue, clock, failed }: Told,
): PreviewWatches {
  const labels = { [PREVIEW_LABELS.managedBy]: MANAGED_BY, [PREVIEW_LABELS.app]: String(appId) };
  const watches = new Map<string, Watch>();
  /** When a preview was last called, by its key, and what its objects were then, by their uid. */
  const calls = new Map<string, number>();
  const lastSeen = new Map<string, string>();
  const changed = (object: KubeObject, what: "changed" | "gone", kind: ObjectKind): void => {
    const owner = ownerOf(object.metadata.labels);
    if (!owner || owner.appId !== appId) return;
    const { uid = "" } = object.metadata;
    const now = what === "gone" ? undefined : digestOf(object);
    if (now !== undefined && now === lastSeen.get(uid)) return;
    if (now === undefined) lastSeen.delete(uid);
    else lastSeen.set(uid, now);
    const { installationId, repositoryId, number } = owner;
    const key = formatKey({ kind: "preview", installationId, repositoryId, number });
    const nowMs = clock.now();
    if (!isAwaited(object, what, kind)) {
      queue.enqueue(key, { notBeforeMs: nowMs + LATER_MS }).catch(failed);
      return;
    }
    const calledMs = calls.get(key) ?? 0;
    // One that is still to come will see this as well.
    const notBeforeMs = calledMs > nowMs ? calledMs : Math.max(nowMs, calledMs + APART_MS);
    // Those that were called first come first.
    for (const [oldest, atMs] of calls) {
      if (nowMs - atMs < APART_MS) break;
      calls.delete(oldest);
    }
    calls.delete(key);
    calls.set(key, notBeforeMs);
    queue.enqueue(key, { notBeforeMs }).catch(failed);
  };
  const follow = (name: string, kind: ObjectKind, namespace?: string): void => {
    const cluster = clusters.cluster(name);
    if (!cluster) return;
    watches.set(
      `${name}/${kind.plural}`,
      cluster.watch(
        { kind, labels, ...(namespace === undefined ? {} : { namespace }) },
        (object, what) => changed(object, what, kind),
        PREVIEW_LABELS.preview,
      ),
    );
  };
  for (const kind of HUB_KINDS) follow(inventory.argocd.cluster, kind, inventory.argocd.namespace);
  for (const { name } of inventory.clusters) for (const kind of PLACE_KINDS) follow(name, kind);
  return {
    seen(cluster, kind, slug) {
      return watches.get(`${cluster}/${kind.plural}`)?.objects(slug);
    },
    stop() {
      for (const watch of watches.values()) watch.stop();
    },
  };
}

/** What Argo CD does, and what is gone of what a removal waits for. */
function isAwaited({ metadata }: KubeObject, what: "changed" | "gone", kind: ObjectKind): boolean {
  if (what === "gone") return kind === KINDS.namespace || HUB_KINDS.includes(kind);
  return kind === KINDS.application && metadata.deletionTimestamp === undefined;
}

/** Of all that a preview's state follows from: Argo CD writes every few minutes that it looked, and a quota what is used of it. */
function digestOf({ metadata, ...object }: KubeObject): string {
  const { resourceVersion: _, generation: __, ...kept } = metadata as KubeObject["metadata"] & { generation?: number };
  const { status, ...rest } = object as { status?: Record<string, unknown> };
  const { reconciledAt: ___, observedAt: ____, used: _____, history: ______, ...told } = status ?? {};
  return createHash("sha1")
    .update(JSON.stringify([kept, rest, told]))
    .digest("base64");
}
