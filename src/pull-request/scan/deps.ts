import type { RepositoryRef } from "../../model/pull-request.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Engine } from "../../ports/engine.ts";
import type { Workflows } from "../../ports/workflows.ts";

export type ScanWorkflows = Pick<Workflows, "dispatch" | "run" | "recent" | "cancel" | "uploadSarif">;

/** What starting, watching and ending scans needs from outside. */
export interface ScanDeps {
  github: { workflows(installationId: number, ref: RepositoryRef): ScanWorkflows };
  engine: Engine;
  clock: Clock;
  /** Told of every state that a scan comes to, for metrics. */
  became?(kind: string, state: string): void;
}
