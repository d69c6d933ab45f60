import { Probot, ProbotOctokit } from "probot";
import { z } from "zod";
import type { RepositoryRef } from "../../model/pull-request.ts";
import type { GitHub, RepositoryApi } from "../../ports/github.ts";
import { appDeliveries } from "./app-deliveries.ts";
import type { Limits } from "./budget.ts";
import { type CallObserver, Connection } from "./connection.ts";
import { inspection } from "./inspection.ts";
import { mergeGroupReads } from "./merge-group-reads.ts";

import { proposals } from "./proposals.ts";
import { GitHubRepository } from "./repository.ts";
import { shapes, take } from "./shapes.ts";
import { connectTeams } from "./teams.ts";

/** What every caller of GitHub is given besides. */
export interface Calls {
  now: () => number;
  observer: CallObserver;
}

export interface GitHubOptions extends Calls {
  appId: number;
  privateKey: string;
  webhookSecret: string;
  /** `https://api.github.com`, or `https://HOST/api/v3` on Enterprise Server. */
  baseUrl: string;
  limits: Limits;
  /** Told why a call had to wait. */
  delayed?(reason: string): void;
}

/**
 * The App's Probot: its typed webhook events, nothing else. Its throttling and retry plugins are off: in event contexts
 * they let all installations share one write a second, and re-POST a check run after a 502. Its client for an event is one
 * for all and may do nothing: our handlers only write down what came, and a client made anew for each costs more than that.
 */
export function createProbot(options: Omit<GitHubOptions, "now" | "observer" | "limits">): Probot {
  return new Probot({
    appId: options.appId,
    privateKey: options.privateKey,
    secret: options.webhookSecret,
    baseUrl: options.baseUrl,
    logLevel: "fatal",
    // Only the function form has an effect under Probot, which sets its own options later.
    Octokit: ProbotOctokit.defaults((instance: Record<string, unknown>) => ({
      ...instance,
      throttle: { ...(instance.throttle as object | undefined), enabled: false },
      retry: { enabled: false },
      authStrategy: oneClientForAllEvents,
    })) as typeof ProbotOctokit,
  });
}

/** In place of Probot's own strategy, which constructs an authenticated Octokit with all plugins for every delivery. */
function oneClientForAllEvents({ octokit }: { octokit: unknown }) {
  const auth = async ({ type }: { type: string }): Promise<unknown> =>
    type === "event-octokit" ? octokit : { type: "unauthenticated" };
  return Object.assign(auth, {
    hook: async (): Promise<never> => {
      throw new Error("GitHub is called through the connection, not through Probot");
    },
  });
}

export function connectGitHub(options: Omit<GitHubOptions, "webhookSecret">): GitHub {
  const connection = new Connection(options);
  return {
    deliveries: appDeliveries(connection),
    teams: connectTeams(connection),
    limits: () => connection.limits(),
    inspection: inspection(connection, options.baseUrl),
    proposals: (installationId, ref) => proposals(connection, installationId, ref),
    repository: (installationId: number, ref: RepositoryRef): RepositoryApi =>
      Object.assign(
        new GitHubRepository(connection, installationId, ref, options.appId),
        mergeGroupReads(connection, installationId, ref),
      ),
    async repositories(installationId) {
      const repositories: RepositoryRef[] = [];
      const shape = z.object({ total_count: z.number(), repositories: z.array(shapes.repository) });
      for (let page = 1; ; page++) {
        const { data } = await connection.call(installationId, {}, "GET /installation/repositories", {
          per_page: 100,
          page,
        });
        const answer = take(shape, data);
        repositories.push(...answer.repositories);
        if (answer.repositories.length === 0 || repositories.length >= answer.total_count) return repositories;
      }
    },
    async installations() {
      const shape = z.array(
        z.object({
          id: z.number(),
          account: z.object({ login: z.string() }).nullish(),
          suspended_at: z.string().nullish(),
        }),
      );
      const all: { id: number; owner: string; suspended: boolean }[] = [];
      for (let page = 1; ; page++) {
        const found = take(shape, await connection.asApp("GET /app/installations", { per_page: 100, page }));
        all.push(
          ...found.map((one) => ({
            id: one.id,
            owner: one.account?.login ?? "",
            suspended: Boolean(one.suspended_at),
          })),
        );
        if (found.length < 100) return all;
      }
    },
    async app() {
      return take(z.object({ id: z.number(), slug: z.string() }), await connection.asApp("GET /app"));
    },
  };
}
