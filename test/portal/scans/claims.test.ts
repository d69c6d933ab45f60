import { expect, test } from "vitest";
import { wrongClaim } from "../../../src/portal/scans/claims.ts";
import type { WorkloadClaims } from "../../../src/ports/workload-identity.ts";

const ref = { id: 42, owner: "acme", name: "shop", defaultBranch: "main" };
const workflow = "acme/shop/.github/workflows/hms-scan.yml@refs/heads/main";
const honest: WorkloadClaims = {
  subject: "repo:acme/shop:environment:hms-report",
  tokenId: "t",
  repository: "acme/shop",
  repositoryId: 42,
  repositoryOwnerId: 7,
  ref: "refs/heads/main",
  refType: "branch",
  sha: "a".repeat(40),
  workflowRef: workflow,
  jobWorkflowRef: workflow,
  runId: 99,
  runAttempt: 1,
  actorId: 5,
  eventName: "workflow_dispatch",
  runnerEnvironment: "github-hosted",
  expiresAtMs: 0,
};

test("the run that was started", () => {
  expect(wrongClaim(honest, { ref, runId: 99, botId: 5 })).toBeUndefined();
});

test.each<[string, string, Partial<WorkloadClaims>]>([
  ["another repository", "repository_id", { repositoryId: 43 }],
  ["one of the same name", "repository_id", { repositoryId: 43, repository: "acme/shop" }],
  ["a name of another day", "repository", { repository: "acme/store" }],
  ["another workflow", "workflow_ref", { workflowRef: workflow.replace("hms-scan", "ci") }],
  ["a workflow of another branch", "workflow_ref", { workflowRef: workflow.replace("main", "feature") }],
  ["a workflow of a tag", "workflow_ref", { workflowRef: workflow.replace("heads", "tags") }],
  [
    "a job that stands elsewhere",
    "job_workflow_ref",
    { jobWorkflowRef: "acme/ci/.github/workflows/scan.yml@refs/heads/main" },
  ],
  ["another branch", "ref", { ref: "refs/heads/feature" }],
  ["a branch whose name ends so", "ref", { ref: "refs/heads/x/main" }],
  ["a tag", "ref_type", { refType: "tag" }],
  ["a push", "event_name", { eventName: "push" }],
  ["a pull request", "event_name", { eventName: "pull_request_target" }],
  ["a person who started it", "actor_id", { actorId: 6 }],
  ["run again", "run_attempt", { runAttempt: 2 }],
  ["another run", "run_id", { runId: 98 }],
])("%s: %s", (_, claim, change) => {
  expect(wrongClaim({ ...honest, ...change }, { ref, runId: 99, botId: 5 })).toBe(claim);
});
