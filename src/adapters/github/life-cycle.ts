import { z } from "zod";
import { GitHubError } from "../../ports/github.ts";
import type { InstallationFacts, LifeCycleApi } from "../../ports/life-cycle.ts";
import type { Connection } from "./connection.ts";
import { shapes, take } from "./shapes.ts";

const permissions = z.record(z.string(), z.string()).default({});
/** An installation of the App, from its list or asked for by id. */
export const installation = z
  .object({
    id: z.number(),
    account: z.object({ login: z.string() }).nullish(),
    suspended_at: z.string().nullish(),
    permissions,
  })
  .transform(
    (one): InstallationFacts => ({
      id: one.id,
      owner: one.account?.login ?? "",
      suspended: Boolean(one.suspended_at),
      permissions: one.permissions,
    }),
  );

/** What the App asks for changes with releases, not with sweeps. */
const ASKED_KEPT_MS = 10 * 60_000;

export function lifeCycle(connection: Connection, now: () => number): LifeCycleApi {
  let asked: { permissions: Record<string, string>; atMs: number } | undefined;
  return {
    async installation(installationId) {
      const found = await present(
        connection.asApp("GET /app/installations/{installation_id}", { installation_id: installationId }),
      );
      return found === undefined ? undefined : take(installation, found);
    },
    async repository(installationId, repositoryId) {
      const found = await present(
        connection.call(installationId, {}, "GET /repositories/{repository_id}", { repository_id: repositoryId }),
      );
      return found === undefined ? undefined : take(shapes.repository, found.data);
    },
    async asked() {
      if (!asked || Math.abs(now() - asked.atMs) > ASKED_KEPT_MS) {
        const app = take(z.object({ permissions }), await connection.asApp("GET /app"));
        asked = { permissions: app.permissions, atMs: now() };
      }
      return asked.permissions;
    },
    forget: (installationId) => connection.forget(installationId),
  };
}

/** Only GitHub's own 404 is one: a proxy's page, or a token that could not be had, is an error. */
async function present<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof GitHubError && error.status === 404 && error.about !== "installation") return undefined;
    throw error;
  }
}
