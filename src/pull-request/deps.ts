import type { InventoryCluster } from "../config/clusters.ts";
import type { Checker } from "../ports/checker.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import type { GitHub } from "../ports/github.ts";
import type { SecretScanner } from "../scan/secrets.ts";
import type { ConfigurationSource } from "./configuration.ts";

/** What judging pull requests, commits and merge groups needs from outside. */
export interface PullRequestDeps {
  github: GitHub;
  engine: Engine;
  checker: Checker;
  scanner: SecretScanner;
  configuration: ConfigurationSource;
  clock: Clock;
  /** Told of every new verdict, for metrics. */
  decided?(outcome: string): void;
  /** Told of every merge that the gate had not let through, for metrics. */
  bypassed?(): void;
  /** The operator declared no clusters: what is asked of previews is answered so. */
  previewsOff?: boolean;
  /** Clusters that the operator declared, for scans that are Jobs there. */
  scanClusters?: readonly InventoryCluster[];
  /** Scans are programs on this machine, for development. */
  scansLocal?: boolean;
}
