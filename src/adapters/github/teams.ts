import { z } from "zod";
import { GitHubError } from "../../ports/github.ts";
import type { Teams } from "../../ports/people.ts";
import type { Connection } from "./connection.ts";
import { take } from "./shapes.ts";

const membership = z.object({ state: z.string() });

export function connectTeams(connection: Connection): Teams {
  return {
    // https://docs.github.com/rest/teams/members#get-team-membership-for-a-user: members of child teams count.
    async isActiveMember(installationId, { org, slug }, login) {
      try {
        const route = "GET /orgs/{org}/teams/{team_slug}/memberships/{username}";
        const { data } = await connection.call(installationId, {}, route, { org, team_slug: slug, username: login });
        return take(membership, data).state === "active";
      } catch (error) {
        // No such team, or no member of it: neither gives a role.
        if (error instanceof GitHubError && error.fault === "not-found") return false;
        throw error;
      }
    },
  };
}
