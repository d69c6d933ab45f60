import { accountOf, appOfActor } from "../auth.ts";
import { ApiError, notFound, validationFailed } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { created, noContent, ok, type RepositoryCall, type Router } from "../http/router.ts";
import { deploymentShape, deploymentStatusShape } from "../shapes/deployment.ts";
import { type Deployment, deploymentStates } from "../state.ts";
import { resolveCommit } from "./revision.ts";

/** https://docs.github.com/rest/deployments */
export function deploymentRoutes(router: Router): void {
  const read = { needs: ["deployments:read" as const] };
  const write = { needs: ["deployments:write" as const] };
  const shape = (call: RepositoryCall) => (deployment: Deployment) =>
    deploymentShape(call.site.url, call.repository, deployment);
  router.repo("GET /deployments", read, (call) => {
    const wanted = (["sha", "ref", "task", "environment"] as const).map((field) => ({
      field,
      value: call.query.get(field),
    }));
    const found = call.repository.deployments.filter((deployment) =>
      wanted.every(({ field, value }) => value === null || deployment[field] === value),
    );
    return paginated(call, [...found].reverse(), shape(call));
  });
  router.repo("POST /deployments", write, create);
  router.repo("GET /deployments/{deployment_id}", read, (call) => ok(shape(call)(deploymentIn(call))));
  router.repo("DELETE /deployments/{deployment_id}", write, (call) => {
    const deployment = deploymentIn(call);
    const active = deployment.statuses.at(-1)?.state;
    if (active !== undefined && active !== "inactive" && call.repository.deployments.length > 1) {
      throw new ApiError(422, "Validation Failed", {
        errors: ["We cannot delete an active deployment unless it is the only deployment in a given environment."],
      });
    }
    call.repository.deployments = call.repository.deployments.filter((other) => other !== deployment);
    return noContent();
  });
  router.repo("GET /deployments/{deployment_id}/statuses", read, (call) => {
    const deployment = deploymentIn(call);
    return paginated(call, [...deployment.statuses].reverse(), (status) =>
      deploymentStatusShape(call.site.url, call.repository, deployment, status),
    );
  });
  router.repo("GET /deployments/{deployment_id}/statuses/{status_id}", read, (call) => {
    const deployment = deploymentIn(call);
    const status = deployment.statuses.find(({ id }) => id === Number(call.params.status_id));
    if (!status) throw notFound();
    return ok(deploymentStatusShape(call.site.url, call.repository, deployment, status));
  });
  router.repo("POST /deployments/{deployment_id}/statuses", write, addStatus);
}

function deploymentIn(call: RepositoryCall): Deployment {
  const found = call.repository.deployments.find(({ id }) => id === Number(call.params.deployment_id));
  if (!found) throw notFound();
  return found;
}

async function create(call: RepositoryCall) {
  const { body, repository, site } = call;
  const ref = body.string("ref");
  const sha = await resolveCommit(repository, ref);
  if (!sha) throw new ApiError(422, `No ref found for: ${ref}`);
  const environment = body.optionalString("environment") ?? "production";
  const now = site.now();
  const payload = body.json.payload;
  if (payload !== undefined && typeof payload !== "string" && (typeof payload !== "object" || payload === null))
    throw validationFailed({ resource: "Deployment", code: "invalid", field: "payload" });
  const deployment: Deployment = {
    id: site.state.nextId(),
    sha,
    ref,
    task: body.optionalString("task") ?? "deploy",
    payload: (payload as Deployment["payload"] | undefined) ?? {},
    environment,
    originalEnvironment: environment,
    description: body.optionalString("description") ?? null,
    transient: body.boolean("transient_environment", false),
    production: body.boolean("production_environment", environment === "production"),
    creator: accountOf(call.actor),
    via: appOfActor(call.actor),
    createdAt: now,
    updatedAt: now,
    statuses: [],
  };
  repository.deployments.push(deployment);
  const shape = deploymentShape(site.url, repository, deployment);
  site.webhooks.emit(repository, "deployment", deployment.creator, {
    action: "created",
    deployment: shape,
    workflow: null,
    workflow_run: null,
  });
  return created(shape);
}

/** A success makes earlier deployments to the same non-transient environment inactive, unless `auto_inactive` is false. */
function addStatus(call: RepositoryCall) {
  const { body, repository, site } = call;
  const deployment = deploymentIn(call);
  const state = body.oneOf("state", deploymentStates);
  const make = (target: Deployment, change: { state: typeof state; description?: string }) => {
    const status = {
      id: site.state.nextId(),
      description: "",
      environment: target.environment,
      environmentUrl: body.optionalString("environment_url") ?? "",
      logUrl: body.optionalString("log_url") ?? body.optionalString("target_url") ?? "",
      creator: accountOf(call.actor),
      via: appOfActor(call.actor),
      createdAt: site.now(),
      ...change,
    };
    target.statuses.push(status);
    target.updatedAt = site.now();
    return status;
  };
  if (state === "success" && body.boolean("auto_inactive", true)) {
    for (const other of repository.deployments) {
      const superseded =
        other !== deployment && other.environment === deployment.environment && !other.transient && !other.production;
      if (superseded && other.statuses.at(-1)?.state === "success") make(other, { state: "inactive" });
    }
  }
  deployment.environment = body.optionalString("environment") ?? deployment.environment;
  const status = make(deployment, { state, description: body.optionalString("description") ?? "" });
  const shape = deploymentStatusShape(site.url, repository, deployment, status);
  site.webhooks.emit(repository, "deployment_status", status.creator, {
    action: "created",
    deployment_status: shape,
    deployment: deploymentShape(site.url, repository, deployment),
    check_run: null,
    workflow: null,
    workflow_run: null,
  });
  return created(shape);
}
