import { suiteProgress } from "./check-suite-progress.ts";
import type { CheckRun, CheckSuite } from "./checks-state.ts";
import { appShape } from "./shapes/app.ts";
import { checkRunShape, checkSuiteShape } from "./shapes/check.ts";
import { simpleCommitShape } from "./shapes/commit.ts";
import { nodeId } from "./shapes/schema.ts";
import type { Site } from "./site.ts";
import type { Account, App, Repository } from "./state.ts";

export function newSuite(
  site: Site,
  repository: Repository,
  app: App,
  push: { sha: string; branch: string | null; before: string | null },
): CheckSuite {
  const now = site.now();
  const suite: CheckSuite = {
    id: site.state.nextId(),
    app,
    headSha: push.sha,
    headBranch: push.branch,
    before: push.before,
    after: push.branch === null ? null : push.sha,
    createdAt: now,
    updatedAt: now,
    runs: [],
    rerequested: false,
  };
  repository.checkSuites.set(push.sha, [...(repository.checkSuites.get(push.sha) ?? []), suite]);
  site.state.suites.set(suite.id, { suite, repository });
  return suite;
}

/** A push makes a suite for every App that may write checks and tells that App: https://docs.github.com/rest/checks/suites */
export async function ensureSuites(
  site: Site,
  repository: Repository,
  push: { sha: string; branch: string; before: string | null; by: Account },
): Promise<void> {
  for (const installation of site.state.installations.values()) {
    const { app } = installation;
    if (installation.permissions.checks !== "write" || site.state.installationOf(app, repository) !== installation)
      continue;
    if (repository.checkSuites.get(push.sha)?.some((suite) => suite.app === app)) continue;
    const suite = newSuite(site, repository, app, push);
    if (installation.events.includes("check_suite")) await emitSuite(site, repository, suite, "requested", push.by);
  }
}

/** `requested` and `rerequested` reach the suite's own App alone; `completed` all that subscribed. */
export async function emitSuite(
  site: Site,
  repository: Repository,
  suite: CheckSuite,
  action: string,
  sender: Account,
): Promise<void> {
  const payload = { action, check_suite: await suiteShape(site, repository, suite, true) };
  if (action === "completed") return site.webhooks.emit(repository, "check_suite", sender, payload);
  const installation = site.state.installationOf(suite.app, repository);
  if (installation && !installation.suspendedAt)
    site.webhooks.emitTo(installation, repository, "check_suite", sender, payload);
}

export async function suiteShape(site: Site, repository: Repository, suite: CheckSuite, inWebhook = false) {
  const commit = await repository.git.network.store.commit(suite.headSha);
  if (!commit) throw new Error(`check suite ${suite.id} of a commit that is not there`);
  const shape = checkSuiteShape(site.url, site.state, repository, suite, simpleCommitShape(commit));
  if (!inWebhook) return shape;
  const { repository: _, ...rest } = shape;
  return rest;
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#check_run */
export function emitRun(
  site: Site,
  repository: Repository,
  run: CheckRun,
  action: string,
  sender: Account,
  extra: Record<string, unknown> = {},
): void {
  const shape = checkRunShape(site.url, site.state, repository, run);
  const { suite } = run;
  const { status, conclusion } = suiteProgress(suite);
  const payload = {
    action,
    check_run: {
      ...shape,
      check_suite: {
        id: suite.id,
        node_id: nodeId("CheckSuite", suite.id),
        head_branch: suite.headBranch,
        head_sha: suite.headSha,
        status,
        conclusion,
        url: `${shape.url.replace(/check-runs\/\d+$/, "")}check-suites/${suite.id}`,
        before: suite.before,
        after: suite.after,
        pull_requests: shape.pull_requests,
        app: appShape(site.url, suite.app),
        created_at: suite.createdAt.toISOString().replace(/\.\d{3}Z$/, "Z"),
        updated_at: suite.updatedAt.toISOString().replace(/\.\d{3}Z$/, "Z"),
      },
    },
    ...extra,
  };
  if (action === "created" || action === "completed") {
    site.webhooks.emit(repository, "check_run", sender, payload);
    return;
  }
  const installation = site.state.installationOf(suite.app, repository);
  if (installation && !installation.suspendedAt)
    site.webhooks.emitTo(installation, repository, "check_run", sender, payload);
}
