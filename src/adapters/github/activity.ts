import { z } from "zod";
import type { Person } from "../../model/pull-request.ts";
import { GitHubError } from "../../ports/github.ts";
import { take } from "./shapes.ts";

type Get = (route: string, parameters: Record<string, unknown>) => Promise<unknown>;

const activities = z.array(
  z.object({ ref: z.string(), after: z.string(), actor: z.object({ id: z.number(), login: z.string() }).nullish() }),
);

/**
 * https://docs.github.com/en/rest/repos/repos#list-repository-activities — who last made the branch point to the commit, newest first. Null
 * when GitHub does not say, or does not let us ask.
 */
export async function readPusher(get: Get, branch: string, sha: string): Promise<Person | null> {
  const ref = `refs/heads/${branch}`;
  try {
    const answer = await get("GET /repos/{owner}/{repo}/activity", { ref, per_page: 100 });
    const move = take(activities, answer).find((one) => one.ref === ref && one.after === sha);
    return move?.actor ? { id: move.actor.id, login: move.actor.login } : null;
  } catch (error) {
    if (error instanceof GitHubError && ["not-found", "forbidden", "refused"].includes(error.fault)) return null;
    throw error;
  }
}
