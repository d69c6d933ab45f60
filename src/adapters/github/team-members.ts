import { z } from "zod";
import { GitHubError } from "../../ports/github.ts";
import { take } from "./shapes.ts";

/**
 * https://docs.github.com/en/rest/teams/members#list-team-members — ids of everybody in the team and in teams below it.
 * @param list gives all pages of the route.
 */
export async function readTeamMembers(
  list: (
    route: string,
    parameters: Record<string, unknown>,
    pages: number,
  ) => Promise<{ items: unknown[]; complete: boolean }>,
  org: string,
  slug: string,
): Promise<ReadonlySet<number>> {
  const { items, complete } = await list("GET /orgs/{org}/teams/{team_slug}/members", { org, team_slug: slug }, 30);
  if (!complete) throw new GitHubError("refused", 200, "the team has more than 3,000 members");
  return new Set(take(z.array(z.object({ id: z.number() })), items).map(({ id }) => id));
}
