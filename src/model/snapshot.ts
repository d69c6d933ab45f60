import type { CheckerConfig, CheckerInput, CheckerPreview } from "./checker-input.ts";
import type { ScanReport } from "./finding.ts";
import type { Person, PullRequest, RepositoryRef } from "./pull-request.ts";

/** Everything that was read about one pull request at one moment. All that decides is a pure function of it. */
export interface Snapshot {
  repository: RepositoryRef;
  pull: PullRequest;
  /** Who pushed the head; null when nobody can say. */
  lastPusher: Person | null;
  config: CheckerConfig & { mode: "enforce" | "shadow" };
  approvals: CheckerInput["approvals"];
  /** Null where nothing asks for the list. */
  changedFiles: string[] | null;
  requiredReviews: CheckerInput["required_reviews"];
  touchesTrustedPaths: string[] | null;
  scans: ScanReport[];
  hold: CheckerInput["hold"];
  overrides: CheckerInput["overrides"];
  okToTest: CheckerInput["ok_to_test"];
  preview: CheckerPreview | null;
  /** Facts that could not be had, one sentence each. */
  unknown: string[];
}
