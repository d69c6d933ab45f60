import type { AppDefinition } from "../config/app-definition.ts";
import type { EffectiveConfig } from "../config/effective.ts";
import type { WorkflowComparison } from "../config/scan-workflow.ts";
import type { DeliveryAttempt } from "../ports/app-deliveries.ts";
import type { InspectedApp, InspectedBranch, InspectedHook, InspectedInstallation } from "../ports/inspection.ts";
import type { Asked } from "./asked.ts";
import type { ClustersFacts, PreviewFacts } from "./cluster-facts.ts";

/** What the doctor looks at: everything was read before, so that judging it asks nobody. */
export interface Facts {
  nowMs: number;
  settings: {
    appId: number;
    /** Without a slash at the end, as the others. */
    publicUrl: string;
    githubApiUrl: string;
    githubWebUrl: string;
    /** Lower-case logins; empty: all owners. */
    allowedOwners: readonly string[];
  };
  expected: AppDefinition;
  process: ProcessFacts;
  /** How far our clock is ahead of GitHub's, in ms, and how exactly that is known. */
  clock: Asked<{ aheadMs: number; exactToMs: number }>;
  app: Asked<InspectedApp>;
  hook: Asked<InspectedHook>;
  /** Newest first: the newest page. */
  deliveries: Asked<readonly DeliveryAttempt[]>;
  installations: Asked<readonly InspectedInstallation[]>;
  repositories: readonly RepositoryFacts[];
  /** Undefined where the operator declared none: previews are off. */
  clusters: Asked<ClustersFacts> | undefined;
  /** Version of the SonarQube server, where the operator named one. */
  quality?: Asked<string>;
  /** Why the list of repositories is not whole. */
  unlisted: string | undefined;
  /** Repositories that were asked for by name but that no installation covers. */
  notCovered: readonly string[];
  /** How many were left out because there are too many. */
  leftOut: number;
}

export interface ProcessFacts {
  /** Revision of the policy. */
  checker: Asked<string>;
  /** Where the store is, once it can be written. */
  store: Asked<string>;
  /** Where the process answers that it takes work. */
  readiness: Asked<string>;
}

export interface RepositoryFacts {
  owner: string;
  name: string;
  defaultBranch: string;
  installationId: number;
  repositoryId: number;
  configuration: Asked<EffectiveConfig>;
  /** The default branch first, then others that are protected. */
  branches: Asked<readonly InspectedBranch[]>;
  /** Whether there are more protected branches than were looked at. */
  moreBranches: boolean;
  /** Where there are clusters, and hms.yml describes previews. */
  preview?: PreviewFacts;
  /** Where hms.yml asks for scans that run in a workflow. */
  scans?: ScanFacts;
  /** The project that may be read, where hms.yml asks a SonarQube server. */
  quality?: Asked<string>;
}

export interface ScanFacts {
  /** The default branch's workflow; undefined: it has none. */
  text: Asked<string | undefined>;
  /** That workflow held against the shipped one. */
  comparison?: Asked<WorkflowComparison>;
  /** GitHub's word for its state: `active`, `disabled_manually` … */
  state: Asked<string | undefined>;
  /** Which branches may use the environment that its report comes from; undefined: there is no such environment. */
  environment: Asked<"all" | "protected" | string[] | undefined>;
}
