import { Octokit } from "@octokit/rest";
import { z } from "zod";
import { GitHubError } from "../../ports/github.ts";
import type { People, VisibleInstallation } from "../../ports/people.ts";
import { toGitHubError } from "./faults.ts";
import type { Calls } from "./github.ts";
import { take } from "./shapes.ts";

export interface PeopleOptions extends Calls {
  clientId: string;
  clientSecret: string;
  /** Of the REST API, without a slash at the end. */
  baseUrl: string;
  /** Of the pages, without a slash at the end. */
  webUrl: string;
}

/** A person waits for these calls. */
const TIMEOUT_MS = 8_000;
/** Pages of 100: repositories beyond are not shown. */
const PAGES_MAX = 100;
/** GitHub's user tokens end after eight hours; one that does not say so is used no longer than that. */
const TOKEN_LIFE_S = 8 * 3_600;
const EXCHANGE = "POST /login/oauth/access_token";

const person = z.object({ id: z.number(), login: z.string().min(1) });
const installations = z.object({
  total_count: z.number(),
  installations: z.array(
    z.object({
      id: z.number(),
      account: z.object({ login: z.string() }).nullish(),
      suspended_at: z.string().nullish(),
    }),
  ),
});
const repositories = z.object({ total_count: z.number(), repositories: z.array(z.object({ id: z.number() })) });
const exchanged = z.union([
  z.object({ error: z.string() }).transform(({ error }) => ({
    // It is shown to people: GitHub's codes are words.
    refused: /^[a-z_]{1,60}$/.test(error) ? error : "unknown_error",
  })),
  // The refresh token is not taken along: it would live for six months, and nobody is signed in for longer than the token lives.
  z.object({ access_token: z.string().min(1), expires_in: z.number().positive().default(TOKEN_LIFE_S) }),
]);

export function connectPeople(options: PeopleOptions): People {
  const { clientId, clientSecret, baseUrl, webUrl, now } = options;
  const within = (): AbortSignal => AbortSignal.timeout(TIMEOUT_MS);
  const octokit = new Octokit({
    baseUrl,
    request: { fetch: (url: string, init?: RequestInit) => fetch(url, { ...init, signal: within() }) },
    userAgent: "hms-sys",
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });

  async function observed<T>(route: string, call: () => Promise<{ status: number; data: T }>): Promise<T> {
    const started = performance.now();
    let status = 0;
    try {
      const answer = await call();
      status = answer.status;
      return answer.data;
    } catch (thrown) {
      const error = toGitHubError(thrown, now());
      status = error.status;
      throw error;
    } finally {
      options.observer({ route, status, durationMs: performance.now() - started });
    }
  }

  const ask = (route: string, authorization: string, parameters: Record<string, unknown> = {}): Promise<unknown> =>
    observed(route, () => octokit.request(route, { ...parameters, headers: { authorization } }));

  /** All pages of a list that carries its length. */
  async function pages<T>(
    token: string,
    route: string,
    parameters: Record<string, unknown>,
    read: (data: unknown) => { total: number; items: T[] },
  ): Promise<T[]> {
    const all: T[] = [];
    for (let page = 1; page <= PAGES_MAX; page++) {
      const { total, items } = read(await ask(route, `Bearer ${token}`, { ...parameters, per_page: 100, page }));
      all.push(...items);
      if (items.length === 0 || all.length >= total) break;
    }
    return all;
  }

  async function repositoryIds(token: string, installationId: number): Promise<number[]> {
    const route = "GET /user/installations/{installation_id}/repositories";
    try {
      return await pages(token, route, { installation_id: installationId }, (data) => {
        const answer = take(repositories, data);
        return { total: answer.total_count, items: answer.repositories.map(({ id }) => id) };
      });
    } catch (error) {
      // Taken away between the two calls, or suspended: nothing of it is seen. With 401 it is the token.
      const gone = error instanceof GitHubError && (error.fault === "not-found" || error.fault === "forbidden");
      if (gone && error.status !== 401) return [];
      throw error;
    }
  }

  return {
    authorizeUrl({ redirectUri, state, challenge }) {
      const query = new URLSearchParams({
        client_id: clientId,
        redirect_uri: redirectUri,
        state,
        code_challenge: challenge,
        code_challenge_method: "S256",
      });
      return `${webUrl}/login/oauth/authorize?${query}`;
    },
    async exchange({ code, verifier, redirectUri }) {
      const body = new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        code,
        code_verifier: verifier,
        redirect_uri: redirectUri,
      });
      const data = await observed(EXCHANGE, async () => {
        const answer = await fetch(`${webUrl}/login/oauth/access_token`, {
          method: "POST",
          headers: { accept: "application/json", "user-agent": "hms-sys" },
          body,
          // Nobody else is sent the client secret.
          redirect: "error",
          signal: within(),
        });
        if (!answer.ok) {
          await answer.body?.cancel();
          throw new GitHubError("unavailable", answer.status, `GitHub answered ${answer.status} to a code`);
        }
        return { status: answer.status, data: (await answer.json()) as unknown };
      });
      const answer = take(exchanged, data);
      if ("refused" in answer) return answer;
      return { token: answer.access_token, expiresAtMs: now() + answer.expires_in * 1000 };
    },
    async person(token) {
      return take(person, await ask("GET /user", `Bearer ${token}`));
    },
    async visible(token) {
      const found = await pages(token, "GET /user/installations", {}, (data) => {
        const answer = take(installations, data);
        return { total: answer.total_count, items: answer.installations };
      });
      const seen: VisibleInstallation[] = [];
      for (const { id, account, suspended_at } of found) {
        if (!account || suspended_at) continue;
        seen.push({ id, owner: account.login, repositoryIds: await repositoryIds(token, id) });
      }
      return seen;
    },
    async end(token) {
      const basic = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
      await ask("DELETE /applications/{client_id}/token", `Basic ${basic}`, {
        client_id: clientId,
        access_token: token,
      });
    },
  };
}
