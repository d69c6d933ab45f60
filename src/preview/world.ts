import type { KubeObject, ObjectRef } from "../model/kubernetes.ts";
import type { PreviewPlace } from "../model/preview.ts";

/** What the clusters show of one preview at one moment, found by our labels. */
export interface PreviewWorld {
  /** Clusters that could not be read, and why: what is missing from the rest then says nothing. */
  unreadable: { cluster: string; why: string }[];
  /** Of the Argo CD that deploys the preview. */
  applicationSet: KubeObject | undefined;
  project: KubeObject | undefined;
  applications: KubeObject[];
  /** Applications of anybody that use its AppProject, read anew; only where Argo CD has not let it go in time. */
  usesProject?: string[];
  /** One for each place of the preview. */
  places: PlaceWorld[];
  /** Objects that have a name of ours but not our labels: they are somebody else's, and stay untouched. */
  foreign: { cluster: string; object: string }[];
  /** What the preview's URL answered; absent where it was not asked. */
  probe?: { ok: true } | { ok: false; why: string };
}

export interface PlaceWorld {
  place: PreviewPlace;
  namespace: KubeObject | undefined;
  /** Quota, limits, network policies, service account, role bindings, pull secrets: what we made in it. */
  ours: KubeObject[];
  /** Deployments, StatefulSets, ReplicaSets, Pods, Jobs, CronJobs, claims and Events of the namespace; absent where they were not asked for. */
  workload?: KubeObject[];
}

/** One write to a cluster, carried out in the stages of `stagesOf`, each after a look at the lease. */
export type PreviewStep =
  /** Server-side apply. */
  | { do: "apply"; cluster: string; object: KubeObject }
  | { do: "delete"; cluster: string; ref: ObjectRef; uid: string; propagation: "foreground" | "background" }
  | {
      do: "patch";
      cluster: string;
      ref: ObjectRef;
      type: "merge" | "json";
      patch: unknown;
      subresource?: string;
    };
