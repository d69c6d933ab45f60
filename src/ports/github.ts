import type {
  ChangedFile,
  CommitSummary,
  Permission,
  Person,
  PullRequest,
  RepositoryRef,
  Review,
} from "../model/pull-request.ts";
import type { AppDeliveries } from "./app-deliveries.ts";
import type { Deployments } from "./deployments.ts";
import type { Inspection } from "./inspection.ts";
import type { InstallationFacts, LifeCycleApi } from "./life-cycle.ts";
import type { MergeGroupReads } from "./merge-groups.ts";
import type { Teams } from "./people.ts";
import type { Proposals } from "./proposals.ts";
import type { Workflows } from "./workflows.ts";

/** Why GitHub did not do what was asked, sorted by what a caller can do about it. */
export type GitHubFault =
  /** 404: gone, renamed, or not ours to see — the three cannot be told apart, so it never proves absence. */
  | "not-found"
  /** 401/403 that is not a limit: a permission is missing or the installation is suspended. */
  | "forbidden"
  /** Primary or secondary limit; see {@link GitHubError.retryAtMs}. */
  | "limited"
  /** 422 and other 4xx: the same call will fail again. */
  | "refused"
  /** 5xx, time-out, connection lost, an answer that is no JSON. The effect of a write is unknown. */
  | "unavailable";

export class GitHubError extends Error {
  override readonly name = "GitHubError";
  readonly fault: GitHubFault;
  readonly status: number;
  /** ms since the epoch before which asking again is pointless. */
  readonly retryAtMs: number | undefined;
  /** Set where it is not about what was asked, but about the whole installation: suspended, or gone. */
  about: "installation" | undefined;
  /** The permission that GitHub says is missing, in its words: `checks=write`. */
  missingPermission: string | undefined;
  constructor(fault: GitHubFault, status: number, message: string, retryAtMs?: number) {
    super(message);
    this.fault = fault;
    this.status = status;
    this.retryAtMs = retryAtMs;
  }
}

/** https://docs.github.com/en/rest/checks/runs — what one of our check runs says. Never `neutral` or `skipped`: both count as passing. */
export interface CheckRunContent {
  name: string;
  sha: string;
  /** Ours: finds a run again whose answer was lost. At most 255 characters. */
  externalId: string;
  state: { status: "in_progress" } | { status: "completed"; conclusion: "success" | "failure" | "action_required" };
  title: string;
  summary: string;
  text?: string;
  annotations?: CheckAnnotation[];
  actions?: { label: string; description: string; identifier: string }[];
}

export interface CheckAnnotation {
  path: string;
  start_line: number;
  end_line: number;
  annotation_level: "notice" | "warning" | "failure";
  title: string;
  message: string;
}

export interface CheckRunRef {
  id: number;
  externalId: string;
  /** How many annotations GitHub holds for it. */
  annotations: number;
}

/** A file of a tree, or a submodule, which has no size. */
export interface TreeEntry {
  sha: string;
  /** Git's file mode: `100644`, `100755`, `120000` (a link), `160000` (a submodule). */
  mode?: string;
  sizeBytes?: number;
}

/** A commit's files by path. */
export interface CommitTree extends Map<string, TreeEntry> {
  /** Whether GitHub said that this is all of it; otherwise a path that is missing may exist. */
  whole?: boolean;
}

/** One repository as an installation sees it. Every call may reject with {@link GitHubError}. */
export interface RepositoryApi extends MergeGroupReads {
  readonly ref: RepositoryRef;
  pull(number: number): Promise<PullRequest>;
  openPulls(): Promise<PullRequest[]>;
  /** Open pull requests whose head is this commit, as far as GitHub knows: forks and merge groups are missing from it. */
  pullsAt(sha: string): Promise<PullRequest[]>;
  /** Every commit of the pull request, oldest first; `complete: false` when GitHub's list stops early. */
  pullCommits(pull: PullRequest): Promise<{ commits: CommitSummary[]; complete: boolean }>;
  /** Files that the commit changes against its first parent; `complete: false` when GitHub's list is cut or missing. */
  commit(sha: string): Promise<{ summary: CommitSummary; files: ChangedFile[]; complete: boolean }>;
  /** Files in which `head` differs from its merge base with `base`; `complete: false` when GitHub's list is cut or missing. */
  compare(base: string, head: string): Promise<{ mergeBase?: string; files: ChangedFile[]; complete: boolean }>;
  pullFiles(pull: PullRequest): Promise<{ files: ChangedFile[]; complete: boolean }>;
  /** Files and submodules of a commit's tree by path. GitHub cuts huge trees: a path that is missing here may exist. */
  tree(sha: string): Promise<CommitTree>;
  blob(sha: string): Promise<Uint8Array>;
  /** A file's text on the default branch, or at `ref`; undefined when it is positively not there. */
  file(path: string, ref?: string): Promise<string | undefined>;
  reviews(number: number): Promise<Review[]>;
  /** `none` where the login belongs to another account than `id` by now. */
  permission(login: string, id?: number): Promise<Permission>;
  /** Ids of everybody in a team of the repository's organisation. */
  teamMembers(slug: string): Promise<ReadonlySet<number>>;
  /** Who last made that branch of this repository point to the commit; null when GitHub does not say. */
  pushedBy(branch: string, sha: string): Promise<Person | null>;
  /** Sends the first 50 annotations; further ones go by {@link updateCheckRun}, 50 at a time. */
  createCheckRun(content: CheckRunContent): Promise<CheckRunRef>;
  /** Annotations are appended by GitHub, never replaced. */
  updateCheckRun(id: number, content: CheckRunContent): Promise<void>;
  /** Our own runs of that name on that commit, newest first. */
  ownCheckRuns(sha: string, name: string): Promise<CheckRunRef[]>;
  comment(number: number, body: string): Promise<{ id: number }>;
  /** Our own comments on the pull request, newest first, one page. */
  ownComments(number: number): Promise<{ id: number; body: string }[]>;
  react(commentId: number, content: "+1" | "-1" | "eyes" | "rocket" | "confused"): Promise<void>;
}

/** What is left of one installation's limits. Times are ms since the epoch. */
export interface InstallationLimits {
  installationId: number;
  /** Points of the last minute, of GitHub's 900. */
  points: number;
  /** Calls under way. */
  concurrent: number;
  /** Of the hourly quota, as GitHub last said. */
  quota: { limit: number; remaining: number; resetAtMs: number } | undefined;
  /** GitHub asked to stay away until then; 0: it did not. */
  closedUntilMs: number;
}

export interface GitHub {
  proposals(installationId: number, ref: RepositoryRef): Proposals;
  previewDeployments(installationId: number, ref: RepositoryRef): Deployments;
  workflows(installationId: number, ref: RepositoryRef): Workflows;
  readonly deliveries: AppDeliveries;
  readonly teams: Teams;
  readonly lifeCycle: LifeCycleApi;
  /** Of the installations that were called since the start. */
  limits(): InstallationLimits[];
  repository(installationId: number, ref: RepositoryRef): RepositoryApi;
  /** What is set up there. */
  readonly inspection: Inspection;
  /** Every repository that the installation can see; rejects rather than give a part of them. */
  repositories(installationId: number): Promise<(RepositoryRef & { archived?: boolean })[]>;
  installations(): Promise<InstallationFacts[]>;
  /** The App itself: the slug marks our own comments (`slug[bot]`). */
  app(): Promise<{ id: number; slug: string }>;
}
