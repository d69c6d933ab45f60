import type { Inventory } from "../../config/clusters.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Clusters } from "../../ports/cluster.ts";
import type { Engine } from "../../ports/engine.ts";
import type { GitHub } from "../../ports/github.ts";
import type { Probe } from "../../ports/probe.ts";
import type { Registry } from "../../ports/registry.ts";
import type { Secrets } from "../../ports/secrets.ts";
import type { ConfigurationSource } from "../configuration.ts";
import type { FactMemory } from "./github-facts.ts";
import type { Workloads } from "./observe-workload.ts";
import type { PreviewWatches } from "./watches.ts";

/** What making, watching and removing previews needs from outside. */
export interface PreviewDeps {
  github: GitHub;
  engine: Engine;
  configuration: ConfigurationSource;
  clock: Clock;
  facts: FactMemory;
  /** Part of every label: two deployments of HMS-SYS may share a cluster. */
  appId: number;
  /** Where to clone from: `https://github.com`, without a slash at the end. */
  githubWebUrl: string;
  /** Of this process; without a slash at the end. */
  publicUrl: string;
  /** Undefined where the operator declared no clusters: previews are off. */
  grounds: PreviewGrounds | undefined;
  /** Told once of what GitHub does not let us say of a preview, such as a permission that no owner has accepted yet. */
  untold?(what: "deployment" | "comment", why: string): void;
  /** Told of every change of state, for metrics. */
  became?(state: string): void;
  /** Told how long a push took to become a healthy preview, ms. */
  tookMs?(ms: number): void;
}

/** Where previews are made, and what is asked about them. */
export interface PreviewGrounds {
  inventory: Inventory;
  clusters: Clusters;
  watches: PreviewWatches;
  workloads: Workloads;
  secrets: Secrets;
  registry: Registry;
  probe: Probe;
}
