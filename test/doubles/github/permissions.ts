import type { components } from "@octokit/openapi-types";

/** The description lacks the permission for variables, which the documentation has. */
export type Permissions = components["schemas"]["app-permissions"] & { actions_variables?: "read" | "write" };
export type PermissionName = keyof Permissions;
export type PermissionLevel = "read" | "write" | "admin";
/** `checks:write`: a permission of a GitHub App with the level it has to reach. */
export type Need = `${PermissionName}:${"read" | "write"}`;

const rank: Record<string, number> = { read: 1, write: 2, admin: 3 };

export function satisfies(held: Permissions, need: Need): boolean {
  const [name, level] = need.split(":") as [PermissionName, string];
  if (need === "metadata:read") return true;
  return (rank[held[name] ?? ""] ?? 0) >= (rank[level] ?? 9);
}

/** The first permission asked for that is not held at that level. */
export function excess(held: Permissions, asked: Permissions): PermissionName | undefined {
  return (Object.keys(asked) as PermissionName[]).find(
    (name) => (rank[asked[name] ?? ""] ?? 0) > (rank[held[name] ?? ""] ?? 0),
  );
}

/** Which permission lets an App hear of an event: https://docs.github.com/webhooks/webhook-events-and-payloads */
export const eventPermission: Record<string, PermissionName[]> = {
  push: ["contents"],
  merge_group: ["merge_queues"],
  pull_request: ["pull_requests"],
  pull_request_review: ["pull_requests"],
  issue_comment: ["issues", "pull_requests"],
  check_run: ["checks"],
  check_suite: ["checks"],
  status: ["statuses"],
  repository: ["metadata"],
  member: ["members", "administration"],
  deployment: ["deployments"],
  deployment_status: ["deployments"],
  create: ["contents"],
  delete: ["contents"],
  fork: ["contents"],
  workflow_run: ["actions"],
};
