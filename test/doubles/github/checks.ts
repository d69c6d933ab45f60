import { suiteProgress } from "./check-suite-progress.ts";
import { emitRun, emitSuite, newSuite } from "./check-suites.ts";
import { type Annotation, type CheckAction, type CheckRun, checkConclusions, checkStatuses } from "./checks-state.ts";
import type { Body } from "./http/body.ts";
import { ApiError, forbidden, invalidRequest, validationFailed } from "./http/errors.ts";
import { wakeQueues } from "./merge-queue-state.ts";
import type { Site } from "./site.ts";
import type { Account, App, Repository } from "./state.ts";

/** https://docs.github.com/rest/checks/runs */
const MAX_ANNOTATIONS = 50;
const MAX_TEXT = 65_535;
const MAX_ACTIONS = 3;

type RunFields = {
  name?: string;
  status?: CheckRun["status"];
  conclusion?: NonNullable<CheckRun["conclusion"]>;
  detailsUrl?: string;
  externalId?: string;
  startedAt?: Date;
  completedAt?: Date;
  output?: { title: string | null; summary: string | null; text: string | null };
  annotations: Annotation[];
  actions?: CheckAction[];
};

export function parseRun(body: Body): RunFields {
  const fields: RunFields = { annotations: [] };
  const name = body.optionalString("name");
  if (name !== undefined) fields.name = name;
  const status = body.optionalOneOf("status", checkStatuses);
  if (status) fields.status = status;
  const conclusion = body.optionalOneOf("conclusion", checkConclusions);
  if (conclusion) fields.conclusion = conclusion;
  const detailsUrl = body.optionalString("details_url");
  if (detailsUrl !== undefined) {
    if (!/^https?:\/\//.test(detailsUrl))
      throw validationFailed({
        resource: "CheckRun",
        code: "custom",
        field: "details_url",
        message: "details_url must use http or https scheme",
      });
    fields.detailsUrl = detailsUrl;
  }
  const externalId = body.optionalString("external_id");
  if (externalId !== undefined) fields.externalId = externalId;
  const startedAt = dateOf(body, "started_at");
  if (startedAt) fields.startedAt = startedAt;
  const completedAt = dateOf(body, "completed_at");
  if (completedAt) fields.completedAt = completedAt;
  const output = body.object("output");
  if (output) {
    const limited = (field: string) => {
      const text = output.optionalString(field) ?? null;
      if (text && text.length > MAX_TEXT)
        throw invalidRequest(`Only ${MAX_TEXT} characters are allowed; ${text.length} were supplied.`);
      return text;
    };
    if (!output.has("summary")) throw invalidRequest(`"summary" wasn't supplied.`);
    fields.output = {
      title: output.optionalString("title") ?? null,
      summary: limited("summary"),
      text: limited("text"),
    };
    const annotations = output.objects("annotations") ?? [];
    if (annotations.length > MAX_ANNOTATIONS)
      throw invalidRequest(`No more than ${MAX_ANNOTATIONS} items are allowed; ${annotations.length} were supplied.`);
    fields.annotations = annotations.map(parseAnnotation);
  }
  const actions = body.objects("actions");
  if (actions) fields.actions = parseActions(actions);
  if (fields.status === "completed" && !fields.conclusion) throw invalidRequest(`"conclusion" wasn't supplied.`);
  return fields;
}

function dateOf(body: Body, name: string): Date | undefined {
  const text = body.optionalString(name);
  if (text === undefined) return undefined;
  const date = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(date.getTime()))
    throw invalidRequest(`${text} is not a valid date-time.`);
  return date;
}

function parseAnnotation(body: Body): Annotation {
  const start = body.optionalNumber("start_line");
  const end = body.optionalNumber("end_line");
  if (start === undefined || end === undefined)
    throw invalidRequest(`"${start === undefined ? "start_line" : "end_line"}" wasn't supplied.`);
  const columns = {
    start: body.optionalNumber("start_column") ?? null,
    end: body.optionalNumber("end_column") ?? null,
  };
  if (end < start) throw validationFailed({ resource: "CheckAnnotation", code: "invalid", field: "end_line" });
  if ((columns.start !== null || columns.end !== null) && start !== end) {
    throw validationFailed({
      resource: "CheckAnnotation",
      code: "invalid",
      field: "start_column",
      message: "columns may only be given when start_line and end_line are equal",
    });
  }
  return {
    path: body.string("path"),
    start_line: start,
    end_line: end,
    start_column: columns.start,
    end_column: columns.end,
    annotation_level: body.oneOf("annotation_level", ["notice", "warning", "failure"]),
    title: body.optionalString("title") ?? null,
    message: body.string("message"),
    raw_details: body.optionalString("raw_details") ?? null,
  };
}

function parseActions(actions: Body[]): CheckAction[] {
  if (actions.length > MAX_ACTIONS)
    throw invalidRequest(`No more than ${MAX_ACTIONS} items are allowed; ${actions.length} were supplied.`);
  const limits = { label: 20, description: 40, identifier: 20 };
  return actions.map((action) => {
    const read = (field: keyof typeof limits) => {
      const text = action.string(field);
      if (text.length > limits[field])
        throw invalidRequest(`Only ${limits[field]} characters are allowed; ${text.length} were supplied.`);
      return text;
    };
    return { label: read("label"), description: read("description"), identifier: read("identifier") };
  });
}

/** A new run; an earlier one of the same name stays but no longer counts. */
export async function createRun(
  site: Site,
  repository: Repository,
  app: App,
  headSha: string,
  fields: RunFields & { name: string },
): Promise<CheckRun> {
  const commit = await repository.git.network.store.commit(headSha);
  if (!commit) throw new ApiError(422, `No commit found for SHA: ${headSha}`);
  const suites = repository.checkSuites.get(headSha) ?? [];
  const suite =
    suites.findLast((known) => known.app === app) ??
    newSuite(site, repository, app, { sha: headSha, branch: branchOf(repository, headSha), before: null });
  const run: CheckRun = {
    id: site.state.nextId(),
    suite,
    name: fields.name,
    headSha,
    externalId: "",
    detailsUrl: null,
    status: "queued",
    conclusion: null,
    startedAt: site.now(),
    completedAt: null,
    output: { title: null, summary: null, text: null },
    annotations: [],
    actions: [],
  };
  suite.runs.push(run);
  repository.checkRuns.set(headSha, [...(repository.checkRuns.get(headSha) ?? []), run]);
  site.state.runs.set(run.id, { run, repository });
  await report(site, repository, run, fields, "created");
  return run;
}

function branchOf(repository: Repository, sha: string): string | null {
  const found = repository.git.list("refs/heads/").find((ref) => ref.sha === sha);
  return found ? found.ref.slice("refs/heads/".length) : null;
}

export async function updateRun(
  site: Site,
  repository: Repository,
  app: App,
  run: CheckRun,
  fields: RunFields,
): Promise<void> {
  if (run.suite.app !== app)
    throw forbidden(`Invalid app_id \`${app.id}\` - check run can only be modified by the GitHub App that created it.`);
  await report(site, repository, run, fields, undefined);
}

async function report(
  site: Site,
  repository: Repository,
  run: CheckRun,
  fields: RunFields,
  action: "created" | undefined,
): Promise<void> {
  const wasCompleted = run.status === "completed";
  const suiteBefore = suiteProgress(run.suite).status;
  apply(site, run, fields);
  run.suite.updatedAt = site.now();
  run.suite.rerequested = false;
  const { bot } = run.suite.app;
  if (action) emitRun(site, repository, run, action, bot);
  wakeQueues(repository);
  const completed = run.status === "completed" && !wasCompleted;
  if (completed) emitRun(site, repository, run, "completed", bot);
  if (completed && (suiteBefore !== "completed" || action) && suiteProgress(run.suite).status === "completed") {
    await emitSuite(site, repository, run.suite, "completed", bot);
  }
}

function apply(site: Site, run: CheckRun, fields: RunFields): void {
  if (fields.name !== undefined) run.name = fields.name;
  if (fields.detailsUrl !== undefined) run.detailsUrl = fields.detailsUrl;
  if (fields.externalId !== undefined) run.externalId = fields.externalId;
  if (fields.startedAt) run.startedAt = fields.startedAt;
  if (fields.output) run.output = { ...run.output, ...fields.output };
  run.annotations.push(...fields.annotations);
  if (fields.actions) run.actions = fields.actions;
  if (fields.conclusion) {
    run.status = "completed";
    run.conclusion = fields.conclusion;
    run.completedAt = fields.completedAt ?? site.now();
  } else if (fields.status && fields.status !== "completed") {
    run.status = fields.status;
    run.conclusion = null;
    run.completedAt = null;
  }
}

/** The button "Re-run": resets nothing, asks the App. https://docs.github.com/rest/checks/runs#rerequest-a-check-run */
export function rerequestRun(site: Site, repository: Repository, run: CheckRun, by: Account): void {
  run.suite.updatedAt = site.now();
  emitRun(site, repository, run, "rerequested", by);
}

/** A button of the run itself; GitHub shows them on completed runs only. */
export function requestAction(
  site: Site,
  repository: Repository,
  run: CheckRun,
  identifier: string,
  by: Account,
): void {
  if (run.status !== "completed" || !run.actions.some((action) => action.identifier === identifier)) {
    throw new ApiError(422, "This check run has no such action.");
  }
  emitRun(site, repository, run, "requested_action", by, { requested_action: { identifier } });
}
