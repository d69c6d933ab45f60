import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { GitHubError, type InstallationLimits } from "../../ports/github.ts";
import { span } from "../../ports/span.ts";
import { AppJwt } from "./app-jwt.ts";
import type { Budget, LimitReason, Limits } from "./budget.ts";
import { EtagMemory } from "./etag-memory.ts";
import { toGitHubError } from "./faults.ts";
import { ownHostFetch } from "./own-host-fetch.ts";
import { Throttle } from "./throttle.ts";
import { TokenCache } from "./token-cache.ts";

/** What was asked of GitHub, for metrics: no repository, no number. */
export interface Call {
  route: string;
  status: number;
  durationMs: number;
}
export type CallObserver = (call: Call) => void;

/** Longest that one call may take. GitHub gives up on its own side after 10 s. */
const TIMEOUT_MS = 20_000;

/**
 * Calls GitHub as one installation with tokens that are down-scoped to one repository. Plain Octokit without its throttling and retry
 * plugins: retrying is the queue's work, which knows what a lost answer means.
 */
export class Connection {
  readonly #octokit: Octokit;
  readonly #now: () => number;
  readonly #observer: CallObserver;
  readonly #remembered = new EtagMemory();
  readonly #throttle: Throttle;
  readonly #tokens: TokenCache;
  readonly #jwt: AppJwt;
  readonly #auth: ReturnType<typeof createAppAuth>;

  constructor(options: {
    appId: number;
    privateKey: string;
    baseUrl: string;
    now: () => number;
    observer: CallObserver;
    /** Told when GitHub's clock is more than seconds apart from ours, and when it is not any more. */
    clockDiffers?: (offsetMs: number) => void;
    limits: Limits;
    /** Told why a call had to wait. */
    delayed?(reason: LimitReason): void;
    /** Longest that one call may take, 20 s unless given. */
    timeoutMs?: number;
  }) {
    this.#now = options.now;
    this.#observer = options.observer;
    this.#tokens = new TokenCache(options.now);
    this.#throttle = new Throttle(options.limits, options.now, (reason) => options.delayed?.(reason));
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    const fetchHere = ownHostFetch(options.baseUrl, timeoutMs);
    this.#jwt = new AppJwt(options.appId, options.privateKey, options.now, options.clockDiffers);
    this.#octokit = new Octokit({
      baseUrl: options.baseUrl,
      // Here and not with each call, so that the requests for tokens, which are the library's own, end too.
      request: {
        fetch: async (url: string, init?: RequestInit) => {
          const response = await fetchHere(url, init);
          this.#jwt.learn(response.headers.get("date"));
          return response;
        },
      },
      userAgent: "hms-sys",
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    // The library that Probot authenticates with; asked directly, since Probot cannot scope a token to one repository.
    this.#auth = createAppAuth({
      appId: options.appId,
      createJwt: async () => this.#jwt.create(),
      request: this.#octokit.request,
      cache: this.#tokens,
    });
  }

  /** A call as the App itself (JWT). */
  async asApp<T>(route: string, parameters: Record<string, unknown> = {}): Promise<T> {
    return (await this.callAsApp<T>(route, parameters)).data;
  }

  /** The same, with the answer's `Link` header. */
  async callAsApp<T>(
    route: string,
    parameters: Record<string, unknown> = {},
  ): Promise<{ data: T; link: string | undefined }> {
    const offsetMs = this.#jwt.offsetMs;
    try {
      return await this.#send(0, route, parameters, `bearer ${this.#jwt.create().jwt}`);
    } catch (error) {
      // The refusal told what time it is there.
      if (!(error instanceof GitHubError) || error.status !== 401 || offsetMs === this.#jwt.offsetMs) throw error;
      return this.#send(0, route, parameters, `bearer ${this.#jwt.create().jwt}`);
    }
  }

  /**
   * @param scope what the token may see: one repository by id or name, or everything of the installation.
   * @throws {GitHubError}
   */
  async call<T>(
    installationId: number,
    scope: Scope,
    route: string,
    parameters: Record<string, unknown> = {},
  ): Promise<{ data: T; link: string | undefined }> {
    try {
      const token = await this.#token(installationId, scope, false);
      try {
        return await this.#send(installationId, route, parameters, `token ${token}`);
      } catch (error) {
        if (!(error instanceof GitHubError) || error.status !== 401) throw error;
        // The token was revoked before its hour: a 401 has had no effect, so asking once more is safe even for writes.
        const fresh = await this.#token(installationId, scope, true);
        return await this.#send(installationId, route, parameters, `token ${fresh}`);
      }
    } catch (thrown) {
      const error = toGitHubError(thrown, this.#now());
      // Of the requests for tokens, which are the library's own; all others have said so already.
      if (error.fault === "limited" && error.retryAtMs && error !== thrown)
        this.#throttle.close(installationId, error.retryAtMs);
      throw error;
    }
  }

  /** Lets go of an installation's tokens and answers. */
  forget(installationId: number): void {
    this.#tokens.forget(installationId);
    this.#remembered.forget(`${installationId} `);
  }

  limits(): InstallationLimits[] {
    return this.#throttle.limits();
  }

  /** All pages of a list, up to `pages`; `complete` is false when there were more. */
  async list<T>(
    installationId: number,
    scope: Scope,
    route: string,
    parameters: Record<string, unknown>,
    pages: number,
  ): Promise<{ items: T[]; complete: boolean }> {
    const items: T[] = [];
    for (let page = 1; page <= pages; page++) {
      const { data, link } = await this.call<T[]>(installationId, scope, route, { per_page: 100, ...parameters, page });
      if (!Array.isArray(data))
        throw new GitHubError("unavailable", 200, "GitHub answered something that is not a list");
      items.push(...data);
      if (!link?.includes('rel="next"')) return { items, complete: true };
    }
    return { items, complete: false };
  }

  /** What the installation's token may do, as GitHub granted it. */
  async permissions(installationId: number, scope: Scope): Promise<Record<string, string>> {
    try {
      const answer = await this.#auth({ type: "installation", installationId, ...scope });
      return answer.permissions as Record<string, string>;
    } catch (thrown) {
      throw toGitHubError(thrown, this.#now());
    }
  }

  async #token(installationId: number, scope: Scope, refresh: boolean): Promise<string> {
    const answer = await this.#auth({
      type: "installation",
      installationId,
      ...scope,
      ...(refresh ? { refresh } : {}),
    });
    return answer.token;
  }

  #send(
    installationId: number,
    route: string,
    parameters: Record<string, unknown>,
    authorization: string,
  ): Promise<{ data: never; link: string | undefined }> {
    return this.#throttle.within(installationId, route, (budget) =>
      span("github", { kind: "client", attributes: { "http.route": route } }, () =>
        this.#request(installationId, route, parameters, authorization, budget),
      ),
    );
  }

  async #request(
    installationId: number,
    route: string,
    parameters: Record<string, unknown>,
    authorization: string,
    budget: Budget,
  ): Promise<{ data: never; link: string | undefined }> {
    const conditional = this.#remembered.keeps(route);
    const cacheKey = conditional ? `${installationId} ${route} ${JSON.stringify(parameters)}` : "";
    const known = conditional ? this.#remembered.recall(cacheKey) : undefined;
    const started = performance.now();
    let status = 0;
    try {
      const { headers, ...rest } = parameters as { headers?: Record<string, string> };
      const response = await this.#octokit.request(route, {
        ...rest,
        headers: { ...headers, authorization, ...(known ? { "if-none-match": known.etag } : {}) },
      });
      status = response.status;
      budget.learn(status, response.headers);
      const data = this.#remembered.passedOn(route, response.data);
      const { etag, link } = response.headers;
      if (conditional && etag) this.#remembered.put(cacheKey, { etag, data, link });
      return { data: data as never, link };
    } catch (thrown) {
      const { status: told, response } = thrown as {
        status?: unknown;
        response?: { headers?: Record<string, string> };
      };
      status = typeof told === "number" ? told : 0;
      budget.learn(status, response?.headers ?? {});
      if (status === 304 && known) return known.answer() as { data: never; link: string | undefined };
      const error = toGitHubError(thrown, this.#now());
      if (error.fault === "limited" && error.retryAtMs) budget.close(error.retryAtMs);
      throw error;
    } finally {
      this.#observer({ route, status, durationMs: performance.now() - started });
    }
  }
}

export type Scope = { repositoryIds: number[] } | { repositoryNames: string[] } | Record<string, never>;
