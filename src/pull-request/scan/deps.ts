import type { Inventory } from "../../config/clusters.ts";
import type { SonarQube } from "../../config/sonarqube.ts";
import type { RepositoryRef } from "../../model/pull-request.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Clusters } from "../../ports/cluster.ts";
import type { Engine } from "../../ports/engine.ts";
import type { LocalRunner } from "../../ports/local-runner.ts";
import type { QualityServer } from "../../ports/quality-server.ts";
import type { Workflows } from "../../ports/workflows.ts";

export type ScanWorkflows = Pick<Workflows, "dispatch" | "run" | "recent" | "cancel" | "uploadSarif">;

/** What starting, watching and ending scans needs from outside. */
export interface ScanDeps {
  github: { workflows(installationId: number, ref: RepositoryRef): ScanWorkflows };
  engine: Engine;
  clock: Clock;
  /** Absent where the operator declared no clusters, and no runner on this machine: no scan is a Job. */
  jobs?: JobGrounds;
  /** Absent where the operator connected no server. `bound`: which repository may read what there. */
  quality?: { server: QualityServer; bound: Pick<SonarQube, "projects"> };
  /** Told of every state that a scan comes to, for metrics. */
  became?(kind: string, state: string): void;
}

/** Where scans are Jobs. */
export interface JobGrounds {
  clusters: Clusters;
  inventory: Pick<Inventory, "clusters" | "retired">;
  /** For development: every scan is a program on this machine then. */
  local?: LocalRunner;
  /** Part of every label: two deployments of HMS-SYS may share a cluster. */
  appId: number;
  /** Where this process takes reports; without a slash at the end. */
  publicUrl: string;
}
