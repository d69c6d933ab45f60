import { environmentNamed } from "../actions/environments.ts";
import type { Environment, Variable } from "../actions/state.ts";
import { notFound } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { ok, type RepositoryCall, type Router } from "../http/router.ts";
import { nodeId, timestamp } from "../shapes/schema.ts";
import { fullName } from "../state.ts";

/** https://docs.github.com/rest/actions/variables, https://docs.github.com/rest/deployments/environments */
export function actionsSettingsRoutes(router: Router): void {
  const variables = { needs: ["actions_variables:read" as const], role: "write" as const };
  const read = { needs: ["actions:read" as const] };
  const shaped = (variable: Variable) => ({
    name: variable.name,
    value: variable.value,
    created_at: timestamp(variable.createdAt),
    updated_at: timestamp(variable.updatedAt),
  });
  const list = (call: RepositoryCall, id: number) =>
    paginated(call, [...call.site.state.actions.variablesOf(id).values()], shaped, (all, total_count) => ({
      total_count,
      variables: all,
    }));
  router.repo("GET /actions/variables", variables, (call) => list(call, call.repository.id));
  router.repo("GET /actions/organization-variables", variables, (call) => list(call, call.repository.owner.id));
  router.repo("GET /actions/variables/{name}", variables, (call) => {
    const found = call.site.state.actions.variablesOf(call.repository.id).get((call.params.name ?? "").toUpperCase());
    if (!found) throw notFound();
    return ok(shaped(found));
  });
  router.repo("GET /environments", read, (call) =>
    paginated(
      call,
      [...call.site.state.actions.of(call.repository).environments.values()],
      (environment) => environmentShape(call, environment),
      (environments, total_count) => ({ total_count, environments }),
    ),
  );
  router.repo("GET /environments/{environment_name}", read, (call) => ok(environmentShape(call, environmentIn(call))));
  router.repo("GET /environments/{environment_name}/deployment-branch-policies", read, (call) => {
    const { branches } = environmentIn(call);
    const policies = Array.isArray(branches) ? branches : [];
    return paginated(
      call,
      policies,
      ({ id, name }) => ({ id, node_id: nodeId("GateBranchPolicy", id), name, type: "branch" }),
      (branch_policies, total_count) => ({ total_count, branch_policies }),
    );
  });
}

function environmentIn(call: RepositoryCall): Environment {
  const name = call.params.environment_name ?? "";
  const { environments } = call.site.state.actions.of(call.repository);
  if (!environments.has(name.toLowerCase())) throw notFound();
  return environmentNamed(call.site, call.repository, name);
}

function environmentShape({ site, repository }: RepositoryCall, environment: Environment) {
  const { id, name, branches } = environment;
  const full = fullName(repository);
  return {
    id,
    node_id: nodeId("Environment", id),
    name,
    url: `${site.url}/repos/${full}/environments/${encodeURIComponent(name)}`,
    html_url: `${site.url}/${full}/deployments/activity_log?environments_filter=${encodeURIComponent(name)}`,
    created_at: timestamp(environment.createdAt),
    updated_at: timestamp(environment.createdAt),
    protection_rules:
      branches === undefined ? [] : [{ id: id + 1, node_id: nodeId("GateRule", id), type: "branch_policy" }],
    deployment_branch_policy:
      branches === undefined
        ? null
        : { protected_branches: branches === "protected", custom_branch_policies: branches !== "protected" },
  };
}
