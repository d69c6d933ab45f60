import type { Inventory } from "../../config/clusters.ts";
import { formatKey } from "../../model/key.ts";
import { KINDS, type KubeObject, type ObjectKind } from "../../model/kubernetes.ts";
import { MANAGED_BY, ownerOf, PREVIEW_LABELS } from "../../model/preview.ts";
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
  seen(cluster: string, kind: ObjectKind, slug: string): KubeObject[] | undefined;
  stop(): void;
}

/** Follows everything that carries our labels; whatever changes brings its preview to the queue. */
export function watchPreviews(
  { clusters, inventory }: { clusters: Clusters; inventory: Inventory },
  appId: number,
  { queue, failed }: { queue: Pick<Queue, "enqueue">; failed(error: unknown): void },
): PreviewWatches {
  const labels = { [PREVIEW_LABELS.managedBy]: MANAGED_BY, [PREVIEW_LABELS.app]: String(appId) };
  const watches = new Map<string, Watch>();
  const changed = (object: KubeObject): void => {
    const owner = ownerOf(object.metadata.labels);
    if (!owner || owner.appId !== appId) return;
    const { installationId, repositoryId, number } = owner;
    queue.enqueue(formatKey({ kind: "preview", installationId, repositoryId, number })).catch(failed);
  };
  const follow = (name: string, kind: ObjectKind, namespace?: string): void => {
    const cluster = clusters.cluster(name);
    if (!cluster) return;
    watches.set(
      `${name}/${kind.plural}`,
      cluster.watch({ kind, labels, ...(namespace === undefined ? {} : { namespace }) }, changed),
    );
  };
  for (const kind of HUB_KINDS) follow(inventory.argocd.cluster, kind, inventory.argocd.namespace);
  for (const { name } of inventory.clusters) for (const kind of PLACE_KINDS) follow(name, kind);
  return {
    seen(cluster, kind, slug) {
      const objects = watches.get(`${cluster}/${kind.plural}`)?.objects();
      return objects?.filter(({ metadata }) => metadata.labels?.[PREVIEW_LABELS.preview] === slug);
    },
    stop() {
      for (const watch of watches.values()) watch.stop();
    },
  };
}
