import type { CheckSuite } from "../checks-state.ts";
import type { Commit } from "../git/objects.ts";
import type { PermissionLevel } from "../permissions.ts";
import type { Account, Repository } from "../state.ts";

/** The nouns of GitHub Actions, kept beside the repositories that they belong to. */
export type WorkflowState = "active" | "disabled_manually";

export type Workflow = {
  id: number;
  /** `.github/workflows/x.yml` */
  path: string;
  state: WorkflowState;
  createdAt: Date;
  updatedAt: Date;
  runs: number;
};

export const jobConclusions = ["success", "failure", "cancelled", "skipped", "timed_out"] as const;
export type JobConclusion = (typeof jobConclusions)[number];

/** What a job's token may do; `id-token` stands apart, since it is no permission of an App. */
export type JobPermissions = { token: Record<string, PermissionLevel>; idToken: boolean };

export type Job = {
  id: number;
  run: WorkflowRun;
  attempt: number;
  key: string;
  name: string;
  needs: string[];
  permissions: JobPermissions;
  environment: string | undefined;
  definition: Record<string, unknown>;
  status: "queued" | "in_progress" | "completed";
  conclusion: JobConclusion | null;
  createdAt: Date;
  startedAt: Date | undefined;
  completedAt: Date | undefined;
  runnerName: string | undefined;
  runnerEnvironment: "github-hosted" | "self-hosted";
  outputs: Record<string, string>;
  steps: { name: string; conclusion: JobConclusion }[];
  cancel: AbortController;
  /** The installation token that it was given. */
  token: string | undefined;
  /** What it may ask the token service with; only of jobs with `id-token: write`. */
  idTokenRequest: string | undefined;
};

export type WorkflowRun = {
  id: number;
  repository: Repository;
  workflow: Workflow;
  name: string;
  displayTitle: string;
  /** The text of the workflow file at the run's commit. */
  text: string;
  number: number;
  attempt: number;
  event: string;
  /** In full: `refs/heads/main`. */
  ref: string;
  headBranch: string;
  headSha: string;
  headCommit: Commit;
  inputs: Record<string, string | boolean | number>;
  actor: Account;
  triggeringActor: Account;
  suite: CheckSuite;
  status: "queued" | "in_progress" | "completed";
  conclusion: JobConclusion | null;
  cancelRequested: boolean;
  createdAt: Date;
  startedAt: Date;
  updatedAt: Date;
  /** Of the latest attempt. */
  jobs: Job[];
  earlierJobs: Job[];
  artifacts: Map<string, Record<string, Buffer>>;
};

export type Environment = {
  id: number;
  name: string;
  /** Undefined: every branch may deploy there. */
  branches: "protected" | { id: number; name: string }[] | undefined;
  createdAt: Date;
};

export type Variable = { name: string; value: string; createdAt: Date; updatedAt: Date };

/** Of one repository. */
export class RepositoryActions {
  readonly workflows = new Map<string, Workflow>();
  /** Oldest first. */
  readonly runs: WorkflowRun[] = [];
  readonly environments = new Map<string, Environment>();
  defaultPermissions: "read" | "write" = "read";
  readonly sarifs = new Map<
    string,
    { ref: string; sha: string; results: number; status: "complete" | "failed"; errors: string[] }
  >();
}

/** Of the whole site. */
export class Actions {
  private readonly repositories = new WeakMap<Repository, RepositoryActions>();
  readonly runs = new Map<number, WorkflowRun>();
  readonly jobs = new Map<number, Job>();
  /** By the account id (organisations) or repository id, which never meet: ids are unique over all kinds. */
  readonly variables = new Map<number, Map<string, Variable>>();

  of(repository: Repository): RepositoryActions {
    const known = this.repositories.get(repository);
    if (known) return known;
    const fresh = new RepositoryActions();
    this.repositories.set(repository, fresh);
    return fresh;
  }

  variablesOf(id: number): Map<string, Variable> {
    const known = this.variables.get(id);
    if (known) return known;
    const fresh = new Map<string, Variable>();
    this.variables.set(id, fresh);
    return fresh;
  }

  /** The job that holds this token of the token service, while it runs. */
  jobWithIdTokenRequest(token: string): Job | undefined {
    return [...this.jobs.values()].find((job) => job.status === "in_progress" && job.idTokenRequest === token);
  }
}
