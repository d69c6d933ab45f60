import type { CheckerConfig, CheckerInput } from "./checker-input.ts";
import type { ScanReport } from "./finding.ts";
import type { PullRequest, RepositoryRef } from "./pull-request.ts";

/** Everything that was read about one pull request at one moment. All that decides is a pure function of it. */
export interface Snapshot {
  repository: RepositoryRef;
  pull: PullRequest;
  /** Login of who pushed the head; null when nobody can say. */
  lastPusher: string | null;
  config: CheckerConfig & { mode: "enforce" | "shadow" };
  approvals: CheckerInput["approvals"];
  touchesTrustedPaths: string[] | null;
  scans: ScanReport[];
  hold: CheckerInput["hold"];
  overrides: CheckerInput["overrides"];
  okToTest: CheckerInput["ok_to_test"];
  /** Facts that could not be had, one sentence each. */
  unknown: string[];
}
