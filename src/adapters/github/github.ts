import { Probot, ProbotOctokit } from "probot";
import { z } from "zod";
import type { RepositoryRef } from "../../model/pull-request.ts";
import { type GitHub, GitHubError, type RepositoryApi } from "../../ports/github.ts";
import type { InstallationFacts } from "../../ports/life-cycle.ts";
import { appDeliveries } from "./app-deliveries.ts";
import type { Limits } from "./budget.ts";
import { type CallObserver, Connection } from "./connection.ts";
import { deployments } from "./deployments.ts";
import { inspection } from "./inspection.ts";
import { installation, lifeCycle } from "./life-cycle.ts";
import { mergeGroupReads } from "./merge-group-reads.ts";

import { proposals } from "./proposals.ts";
import { GitHubRepository } from "./repository.ts";
import { shapes, take } from "./shapes.ts";
import { connectTeams } from "./teams.ts";
import { botOf, workflows } from "./workflows.ts";

/** What every caller of GitHub is given besides. */
export interface Calls {
  now: () => number;
  observer: CallObserver;
  /** Told when GitHub's clock and ours differ by more than seconds, and when they do no more; positive where GitHub's is ahead. */
  clockDiffers?: (offsetMs: number) => void;
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
  const bot = botOf(connection);
  return {
    deliveries: appDeliveries(connection),
    teams: connectTeams(connection),
    lifeCycle: lifeCycle(connection, options.now),
    limits: () => connection.limits(),
    inspection: inspection(connection, options.baseUrl),
    proposals: (installationId, ref) => proposals(connection, installationId, ref),
    previewDeployments: (installationId, ref) => deployments(connection, installationId, ref, options.appId),
    workflows: (installationId, ref) => workflows(connection, installationId, ref, bot),
    repository: (installationId: number, ref: RepositoryRef): RepositoryApi =>
      Object.assign(
        new GitHubRepository(connection, installationId, ref, options.appId),
        mergeGroupReads(connection, installationId, ref),
      ),
    async repositories(installationId) {
      const repositories: (RepositoryRef & { archived?: boolean })[] = [];
      const shape = z.object({ total_count: z.number(), repositories: z.array(shapes.repository) });
      const archived = z.object({ repositories: z.array(z.object({ archived: z.boolean().default(false) })) });
      for (let page = 1; ; page++) {
        const { data } = await connection.call(installationId, {}, "GET /installation/repositories", {
          per_page: 100,
          page,
        });
        const answer = take(shape, data);
        const states = take(archived, data).repositories;
        repositories.push(
          ...answer.repositories.map((ref, i) => (states[i]?.archived ? { ...ref, archived: true } : ref)),
        );
        if (repositories.length >= answer.total_count) return repositories;
        if (answer.repositories.length === 0)
          throw new GitHubError("unavailable", 200, "GitHub lists fewer repositories than it counts");
      }
    },
    async installations() {
      const all: InstallationFacts[] = [];
      for (let page = 1; ; page++) {
        const found = await connection.asApp("GET /app/installations", { per_page: 100, page });
        const facts = take(z.array(installation), found);
        all.push(...facts);
        if (facts.length < 100) return all;
      }
    },
    async app() {
      return take(z.object({ id: z.number(), slug: z.string() }), await connection.asApp("GET /app"));
    },
  };
}
