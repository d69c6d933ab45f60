import { KINDS, type ObjectKind } from "../../model/kubernetes.ts";
import type { PreviewPlace } from "../../model/preview.ts";
import { ClusterError, type Clusters } from "../../ports/cluster.ts";
import { type PlaceSight, sightOf } from "../../preview/preview.ts";

/** Kinds that people are shown; Secrets and ConfigMaps are none of them. */
const SHOWN: readonly ObjectKind[] = [
  KINDS.deployment,
  KINDS.statefulSet,
  KINDS.pod,
  KINDS.job,
  KINDS.cronJob,
  KINDS.ingress,
  KINDS.persistentVolumeClaim,
  KINDS.resourceQuota,
  KINDS.event,
];

/** A page that waits longer is no page; the record says what was last seen. */
const LOOK_MS = 4_000;
/** However many people look at one preview, its cluster is asked this seldom. */
const KEEP_MS = 2_000;
/** Previews that are looked at at a time; whoever looks at one more is told to come again. */
const LOOKS_MAX = 8;

/** Reads what is in the namespaces of previews for people to see. It changes nothing, and is bounded in time and in how often clusters are asked. */
export class PreviewLooks {
  readonly #clusters: Clusters;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  readonly #known = new Map<string, { untilMs: number; sight: Promise<PlaceSight> }>();
  #looking = 0;

  constructor(clusters: Clusters, options: { now(): number; timeoutMs?: number }) {
    this.#clusters = clusters;
    this.#now = options.now;
    this.#timeoutMs = options.timeoutMs ?? LOOK_MS;
  }

  async look({ cluster, namespace }: PreviewPlace): Promise<PlaceSight> {
    const at = `${cluster}/${namespace}`;
    const nowMs = this.#now();
    for (const [key, { untilMs }] of this.#known) if (untilMs <= nowMs) this.#known.delete(key);
    const known = this.#known.get(at);
    if (known) return known.sight;
    if (this.#looking >= LOOKS_MAX) return { kind: "unread", why: "Many previews are looked at just now." };
    const sight = this.#read(cluster, namespace);
    this.#known.set(at, { untilMs: nowMs + KEEP_MS, sight });
    return sight;
  }

  async #read(name: string, namespace: string): Promise<PlaceSight> {
    const cluster = this.#clusters.cluster(name);
    if (!cluster) return { kind: "unread", why: "The cluster is not declared any more." };
    this.#looking += 1;
    const lists = Promise.all(SHOWN.map((kind) => cluster.list({ kind, namespace }))).finally(() => {
      this.#looking -= 1;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<PlaceSight>((resolve) => {
      const why = `It did not answer within ${this.#timeoutMs / 1000} s.`;
      timer = setTimeout(() => resolve({ kind: "unread", why }), this.#timeoutMs);
    });
    const read = lists.then(
      (found): PlaceSight => ({ kind: "seen", sight: sightOf(found.flat()) }),
      (error: unknown): PlaceSight => {
        if (error instanceof ClusterError) return { kind: "unread", why: error.message };
        throw error;
      },
    );
    return Promise.race([read, late]).finally(() => clearTimeout(timer));
  }
}
