import { legacyPermission, permissionFlags } from "../roles.ts";
import type { Role, Team } from "../state.ts";
import { nodeId, type Schema } from "./schema.ts";

/** `team`; in a repository's list with the role that it has there. */
export function teamShape(base: string, team: Team, role: Role | undefined): Schema<"team"> {
  const url = `${base}/organizations/${team.organization.id}/team/${team.id}`;
  const permission = legacyPermission(role);
  return {
    id: team.id,
    node_id: nodeId("Team", team.id),
    name: team.name,
    slug: team.slug,
    description: "",
    privacy: "closed",
    notification_setting: "notifications_enabled",
    permission: permission === "write" ? "push" : permission === "admin" ? "admin" : "pull",
    permissions: permissionFlags(role),
    url,
    html_url: `${base}/orgs/${team.organization.login}/teams/${team.slug}`,
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
    type: "organization",
    organization_id: team.organization.id,
    parent: null,
  };
}
