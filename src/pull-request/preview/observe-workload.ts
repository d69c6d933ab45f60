import { KINDS, type KubeObject, type ObjectKind } from "../../model/kubernetes.ts";
import { ClusterError, type Clusters } from "../../ports/cluster.ts";
import type { PlaceWorld, PreviewWorld } from "../../preview/preview.ts";

const WORKLOAD_KINDS: readonly ObjectKind[] = [
  KINDS.deployment,
  KINDS.statefulSet,
  KINDS.replicaSet,
  KINDS.pod,
  KINDS.job,
  KINDS.cronJob,
  KINDS.persistentVolumeClaim,
  KINDS.event,
];

interface Remembered {
  atMs: number;
  sha: string;
  workload: KubeObject[];
}

export interface GoodEnough {
  /** Of the preview's commit: what ran for another says nothing. */
  sha: string;
  nowMs: number;
  /** How old it may be; 0: read anew. */
  maxAgeMs: number;
}

/** Reasons follow from what runs; what has been so for long is looked at after half of that time again, but so soon at most, and so late. */
const STANDS_MS = 3_000;
const STANDS_MOST_MS = 15_000;
const MOST = 500;

/** How old what is shown as a reason may be: `forMs`, since when it has been so. */
export function standsMs(forMs: number): number {
  return Math.min(Math.max(forMs / 2, STANDS_MS), STANDS_MOST_MS);
}

/**
 * What runs in the namespaces of previews, for reasons and for sleep. It is not watched: that would be every object of the cluster. Eight lists a
 * place are too many for each of the runs that a failing preview has in a second, so what was read is kept for a moment.
 */
export class Workloads {
  readonly #clusters: Clusters;
  /** By cluster and the namespace's uid. */
  readonly #known = new Map<string, Remembered>();

  constructor(clusters: Clusters) {
    this.#clusters = clusters;
  }

  /** Where it cannot be read it is left out. */
  async observe(world: PreviewWorld, known: GoodEnough): Promise<PreviewWorld> {
    return { ...world, places: await Promise.all(world.places.map((place) => this.#at(place, known))) };
  }

  async #at(place: PlaceWorld, { sha, nowMs, maxAgeMs }: GoodEnough): Promise<PlaceWorld> {
    const { cluster: name, namespace } = place.place;
    const cluster = this.#clusters.cluster(name);
    if (!cluster || !place.namespace) return place;
    const id = `${name}/${place.namespace.metadata.uid}`;
    const last = this.#known.get(id);
    if (last?.sha === sha && nowMs >= last.atMs && nowMs - last.atMs < maxAgeMs)
      return { ...place, workload: last.workload };
    this.#known.delete(id);
    try {
      const lists = await Promise.all(WORKLOAD_KINDS.map((kind) => cluster.list({ kind, namespace })));
      const workload = lists.flat();
      // Those that were read first come first.
      for (const [oldest, { atMs }] of this.#known) {
        if (this.#known.size < MOST && nowMs - atMs < STANDS_MOST_MS) break;
        this.#known.delete(oldest);
      }
      this.#known.set(id, { atMs: nowMs, sha, workload });
      return { ...place, workload };
    } catch (error) {
      if (error instanceof ClusterError) return place;
      throw error;
    }
  }
}
