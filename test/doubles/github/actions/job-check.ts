import { suiteProgress } from "../check-suite-progress.ts";
import { emitRun, emitSuite } from "../check-suites.ts";
import type { CheckRun } from "../checks-state.ts";
import { wakeQueues } from "../merge-queue-state.ts";
import { later, type Site } from "../site.ts";
import { fullName } from "../state.ts";
import type { Job } from "./state.ts";

/** Every job is a check run of GitHub Actions at the run's commit, with the job's own id. */
export function addJobCheck(site: Site, job: Job): void {
  const { run } = job;
  const { repository, suite } = run;
  const check: CheckRun = {
    id: job.id,
    suite,
    name: job.name,
    headSha: run.headSha,
    externalId: "",
    detailsUrl: `${site.url}/${fullName(repository)}/actions/runs/${run.id}/job/${job.id}`,
    status: "queued",
    conclusion: null,
    startedAt: job.createdAt,
    completedAt: null,
    output: { title: null, summary: null, text: null },
    annotations: [],
    actions: [],
  };
  suite.runs.push(check);
  repository.checkRuns.set(run.headSha, [...(repository.checkRuns.get(run.headSha) ?? []), check]);
  site.state.runs.set(check.id, { run: check, repository });
  emitRun(site, repository, check, "created", run.triggeringActor);
}

/** The job went on; its check run follows, and the suite's end with the last of them. */
export function followJob(site: Site, job: Job): void {
  const { repository, suite, triggeringActor } = job.run;
  const check = site.state.runs.get(job.id)?.run;
  if (!check) throw new Error(`job ${job.id} has no check run`);
  check.status = job.status;
  check.conclusion = job.conclusion;
  check.startedAt = job.startedAt ?? check.startedAt;
  check.completedAt = job.completedAt ?? null;
  suite.updatedAt = site.now();
  wakeQueues(repository);
  if (job.status !== "completed") return;
  emitRun(site, repository, check, "completed", triggeringActor);
  if (suiteProgress(suite).status === "completed")
    later(site, () => emitSuite(site, repository, suite, "completed", triggeringActor));
}
