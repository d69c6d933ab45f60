/** https://docs.github.com/en/rest/actions/workflow-runs */
export interface WorkflowRun {
  id: number;
  /** 1 for the first; somebody may run it again. */
  attempt: number;
  /** Its page. */
  url: string;
  /** What `run-name` of the file made of the inputs. */
  title: string;
  headSha: string;
  headBranch: string;
  /** `.github/workflows/x.yml` */
  path: string;
  event: string;
  actorId: number;
  createdAtMs: number;
  status: "queued" | "in_progress" | "completed" | "waiting";
  /** GitHub's word; null until it is over. */
  conclusion: string | null;
}

/** `reason`: one sentence with GitHub's own words in it, for people; not escaped. */
export type Dispatched =
  | { kind: "started"; runId: number; url: string }
  | { kind: "not-installed"; reason: string }
  | { kind: "refused"; reason: string };

/** Workflows of one repository, as the App's bot. Every call may reject with `GitHubError`. */
export interface Workflows {
  /**
   * Starts the workflow as its file stands on that branch. After `unavailable` it may have been started or not: {@link recent} tells.
   * @param file its name below `.github/workflows`
   * @param ref a branch's name
   * @returns `not-installed`: GitHub knows no such workflow on the default branch. `refused`: it takes other inputs, has no
   *   `workflow_dispatch`, is disabled, or the owner has not accepted `actions: write`.
   */
  dispatch(file: string, ref: string, inputs: Record<string, string>): Promise<Dispatched>;
  /** Runs of that file that our own bot dispatched since then, newest first, 100 at most. */
  recent(file: string, sinceMs: number): Promise<WorkflowRun[]>;
  /** Undefined where GitHub positively knows no such run. */
  run(id: number): Promise<WorkflowRun | undefined>;
  /** That it is over already, or is no more, is fine. */
  cancel(id: number): Promise<void>;
  /** The workflow as GitHub knows it, by its word for the state: `active`, `disabled_manually` …; undefined where the default branch has none. */
  installed(file: string): Promise<{ state: string } | undefined>;
  /** An environment, and which branches may use it; undefined where there is none of that name. */
  environment(name: string): Promise<{ branches: "all" | "protected" | string[] } | undefined>;
  /** The account that our dispatches are made by: `slug[bot]`. */
  botId(): Promise<number>;
  /**
   * To GitHub code scanning, within its limits: 10 MB packed, 20 runs, 25,000 results in each.
   * @param ref in full: `refs/heads/main`, `refs/pull/7/head`
   */
  uploadSarif(
    sha: string,
    ref: string,
    sarifGzipBase64: string,
  ): Promise<{ kind: "taken"; id: string } | { kind: "refused"; reason: string }>;
}
