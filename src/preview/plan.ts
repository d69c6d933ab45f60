import type { Inventory, InventoryCluster } from "../config/clusters.ts";
import type { PreviewConfig } from "../config/preview.ts";
import type { PreviewOwner, PreviewPlace } from "../model/preview.ts";

/** What makes manifests of a component's files. */
export type SourceTool = "directory" | "kustomize" | "helm";

/** All that decides what the objects of one preview are: nothing in it was written by a contributor but the commit's SHA. */
export interface PreviewPlan {
  owner: PreviewOwner;
  slug: string;
  /** 40 hex. */
  sha: string;
  fork: boolean;
  /** Clone URL of the source and what to take of it: the SHA of the pull request, or a revision of the deploy repository. */
  source: { repoUrl: string; revision: string };
  config: PreviewConfig;
  url: string | undefined;
  /** Hosts that its Ingresses may name. */
  hosts: string[];
  places: {
    place: PreviewPlace;
    cluster: InventoryCluster;
    /** Who HMS-SYS is there, in the API server's words; absent: as the shipped manifests call it. */
    user?: string;
  }[];
  /** What the inspection of the source found at each component's path; absent: guessed from the configuration. */
  tools?: Record<string, SourceTool>;
  inventory: Inventory;
  /** Resolved; never of a fork. */
  credentials: {
    git?: { username: string; password: string };
    images?: { registry: string; username: string; password: string }[];
  };
  /** Whether Argo CD is to keep it in sync by itself; not while it sleeps. */
  awake: boolean;
}
