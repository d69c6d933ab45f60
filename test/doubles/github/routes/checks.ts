import { accountOf, appOfActor } from "../auth.ts";
import { latestRuns } from "../check-suite-progress.ts";
import { emitSuite, newSuite, suiteShape } from "../check-suites.ts";
import { createRun, parseRun, rerequestRun, updateRun } from "../checks.ts";
import { type CheckRun, type CheckSuite, checkStatuses } from "../checks-state.ts";
import { ApiError, forbidden, invalidRequest, notFound } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { created, ok, type RepositoryCall, type Router } from "../http/router.ts";
import { annotationShape, checkRunShape } from "../shapes/check.ts";
import type { App } from "../state.ts";
import { requireCommit } from "./revision.ts";

/** https://docs.github.com/rest/checks: writing is for Apps only. */
export function checkRoutes(router: Router): void {
  const read = { needs: ["checks:read" as const] };
  const write = { needs: ["checks:write" as const], role: "read" as const };
  const shape = (call: RepositoryCall) => (run: CheckRun) =>
    checkRunShape(call.site.url, call.site.state, call.repository, run);
  const envelope = (runs: unknown[], total: number) => ({ total_count: total, check_runs: runs });

  router.repo("POST /check-runs", write, async (call) => {
    const app = requireInstallation(call);
    const fields = parseRun(call.body);
    if (fields.name === undefined) throw invalidRequest(`"name" wasn't supplied.`);
    const run = await createRun(call.site, call.repository, app, call.body.string("head_sha"), {
      ...fields,
      name: fields.name,
    });
    return created(shape(call)(run));
  });
  router.repo("PATCH /check-runs/{check_run_id}", write, async (call) => {
    const app = requireInstallation(call);
    const run = runIn(call);
    await updateRun(call.site, call.repository, app, run, parseRun(call.body));
    return ok(shape(call)(run));
  });
  router.repo("GET /check-runs/{check_run_id}", read, (call) => ok(shape(call)(runIn(call))));
  router.repo("GET /check-runs/{check_run_id}/annotations", read, (call) => {
    const run = runIn(call);
    return paginated(call, run.annotations, (annotation) =>
      annotationShape(call.site.url, call.repository, run.headSha, annotation),
    );
  });
  router.repo("POST /check-runs/{check_run_id}/rerequest", { ...write, role: "write" }, (call) => {
    rerequestRun(call.site, call.repository, runIn(call), accountOf(call.actor));
    return created({});
  });
  router.repo("GET /commits/{ref*}/check-runs", read, async (call) => {
    const sha = await requireCommit(call.repository, call.params.ref ?? "");
    const all = filterRuns(call, call.repository.checkRuns.get(sha) ?? []);
    const appId = call.query.get("app_id");
    const runs = appId ? all.filter((run) => run.suite.app.id === Number(appId)) : all;
    return paginated(call, runs, shape(call), envelope);
  });
  router.repo("GET /commits/{ref*}/check-suites", read, async (call) => {
    const sha = await requireCommit(call.repository, call.params.ref ?? "");
    const { query } = call;
    const suites = (call.repository.checkSuites.get(sha) ?? []).filter((suite) => {
      const name = query.get("check_name");
      if (query.get("app_id") && suite.app.id !== Number(query.get("app_id"))) return false;
      return name === null || suite.runs.some((run) => run.name === name);
    });
    return paginated(
      call,
      suites,
      (suite) => suiteShape(call.site, call.repository, suite),
      (check_suites, total_count) => ({ total_count, check_suites }),
    );
  });
  router.repo("POST /check-suites", write, async (call) => {
    const app = requireInstallation(call);
    const sha = call.body.string("head_sha");
    if (!(await call.repository.git.network.store.commit(sha)))
      throw new ApiError(422, `No commit found for SHA: ${sha}`);
    const known = call.repository.checkSuites.get(sha)?.find((suite) => suite.app === app);
    const suite = known ?? newSuite(call.site, call.repository, app, { sha, branch: null, before: null });
    return { status: known ? 200 : 201, body: await suiteShape(call.site, call.repository, suite) };
  });
  router.repo("GET /check-suites/{check_suite_id}", read, async (call) =>
    ok(await suiteShape(call.site, call.repository, suiteIn(call))),
  );
  router.repo("GET /check-suites/{check_suite_id}/check-runs", read, (call) =>
    paginated(call, filterRuns(call, suiteIn(call).runs), shape(call), envelope),
  );
  router.repo("POST /check-suites/{check_suite_id}/rerequest", { ...write, role: "write" }, async (call) => {
    const suite = suiteIn(call);
    suite.rerequested = true;
    suite.updatedAt = call.site.now();
    await emitSuite(call.site, call.repository, suite, "rerequested", accountOf(call.actor));
    return created({});
  });
}

function requireInstallation(call: RepositoryCall): App {
  const app = appOfActor(call.actor);
  if (!app) throw forbidden("You must authenticate via a GitHub App.");
  return app;
}

function runIn(call: RepositoryCall): CheckRun {
  const found = call.site.state.runs.get(Number(call.params.check_run_id));
  if (found?.repository !== call.repository) throw notFound();
  return found.run;
}

function suiteIn(call: RepositoryCall): CheckSuite {
  const found = call.site.state.suites.get(Number(call.params.check_suite_id));
  if (found?.repository !== call.repository) throw notFound();
  return found.suite;
}

/** Newest first; `latest` (the default) keeps the newest run of every name of an App. */
function filterRuns({ query }: RepositoryCall, runs: CheckRun[]): CheckRun[] {
  const name = query.get("check_name");
  const status = query.get("status");
  if (status !== null && !(checkStatuses as readonly string[]).includes(status))
    throw invalidRequest(`${status} is not a valid status.`);
  const suites = new Set(runs.map(({ suite }) => suite));
  const chosen =
    query.get("filter") === "all"
      ? runs
      : [...suites].flatMap((suite) => latestRuns(runs.filter((run) => run.suite === suite)));
  return chosen
    .filter((run) => (name === null || run.name === name) && (status === null || run.status === status))
    .sort((a, b) => b.id - a.id);
}
