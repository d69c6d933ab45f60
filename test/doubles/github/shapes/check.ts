import { suiteProgress } from "../check-suite-progress.ts";
import type { Annotation, CheckRun, CheckSuite } from "../checks-state.ts";
import { isFromFork } from "../pull-state.ts";
import { fullName, type Repository, type State } from "../state.ts";
import { appShape } from "./app.ts";
import { pullMinimalShape } from "./pull-request.ts";
import { minimalRepositoryShape } from "./repository.ts";
import { nodeId, optionalTimestamp, type Schema, timestamp } from "./schema.ts";

/** Open pull requests of this repository with that head; heads in forks are never named. */
function pullsOf(
  base: string,
  state: State,
  repository: Repository,
  headSha: string,
): Schema<"pull-request-minimal">[] {
  const open = state.openPulls.withSha(repository, headSha).filter((pull) => !isFromFork(pull));
  return open.map((pull) => pullMinimalShape(base, pull));
}

export function checkRunShape(base: string, state: State, repository: Repository, run: CheckRun): Schema<"check-run"> {
  const url = `${base}/repos/${fullName(repository)}/check-runs/${run.id}`;
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId("CheckRun", run.id),
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: `${base}/${fullName(repository)}/runs/${run.id}`,
    details_url: run.detailsUrl ?? `${base}/${fullName(repository)}/runs/${run.id}`,
    status: run.status,
    conclusion: run.conclusion,
    started_at: optionalTimestamp(run.startedAt),
    completed_at: optionalTimestamp(run.completedAt),
    output: { ...run.output, annotations_count: run.annotations.length, annotations_url: `${url}/annotations` },
    check_suite: { id: run.suite.id },
    app: appShape(base, run.suite.app),
    pull_requests: pullsOf(base, state, repository, run.headSha),
  };
}

export function annotationShape(
  base: string,
  repository: Repository,
  sha: string,
  annotation: Annotation,
): Schema<"check-annotation"> {
  const blob = `${base}/${fullName(repository)}/blob/${sha}/${annotation.path}`;
  return { ...annotation, blob_href: blob };
}

export function checkSuiteShape(
  base: string,
  state: State,
  repository: Repository,
  suite: CheckSuite,
  headCommit: Schema<"simple-commit">,
): Schema<"check-suite"> {
  const url = `${base}/repos/${fullName(repository)}/check-suites/${suite.id}`;
  const { status, conclusion } = suiteProgress(suite);
  return {
    id: suite.id,
    node_id: nodeId("CheckSuite", suite.id),
    head_branch: suite.headBranch,
    head_sha: suite.headSha,
    status,
    conclusion,
    url,
    before: suite.before,
    after: suite.after,
    pull_requests: pullsOf(base, state, repository, suite.headSha),
    app: appShape(base, suite.app),
    repository: minimalRepositoryShape(base, state, repository),
    created_at: timestamp(suite.createdAt),
    updated_at: timestamp(suite.updatedAt),
    head_commit: headCommit,
    latest_check_runs_count: suite.runs.length,
    check_runs_url: `${url}/check-runs`,
    rerequestable: true,
    runs_rerequestable: true,
  };
}
