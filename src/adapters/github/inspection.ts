import { z } from "zod";
import { GitHubError } from "../../ports/github.ts";
import type { InspectedBranch, InspectedInstallation, Inspection } from "../../ports/inspection.ts";
import type { Connection } from "./connection.ts";
import { take } from "./shapes.ts";

const TIMEOUT_MS = 10_000;
const permissions = z.record(z.string(), z.string());
const account = z.object({ login: z.string(), type: z.enum(["User", "Organization"]).catch("User") });

const app = z.object({
  id: z.number(),
  slug: z.string(),
  owner: account,
  html_url: z.string(),
  permissions,
  events: z.array(z.string()),
});

const installation = z
  .object({
    id: z.number(),
    account: z.object({ login: z.string() }).nullish(),
    html_url: z.string(),
    suspended_at: z.string().nullish(),
    created_at: z.string(),
    permissions,
    events: z.array(z.string()),
  })
  .transform(
    (one): InspectedInstallation => ({
      id: one.id,
      owner: one.account?.login ?? "",
      htmlUrl: one.html_url,
      suspended: Boolean(one.suspended_at),
      createdAtMs: Date.parse(one.created_at) || 0,
      permissions: one.permissions,
      events: one.events,
    }),
  );

const hook = z.object({
  url: z.string().nullish(),
  content_type: z.string().nullish(),
  insecure_ssl: z.union([z.string(), z.number()]).nullish(),
});

const branchSummary = z.object({
  protection: z
    .object({
      required_status_checks: z
        .object({
          enforcement_level: z.string().nullish(),
          checks: z.array(z.object({ context: z.string(), app_id: z.number().nullish() })).default([]),
        })
        .nullish(),
    })
    .nullish(),
});

const rule = z.object({ type: z.string(), parameters: z.record(z.string(), z.unknown()).nullish() });
const requiredChecks = z.object({
  required_status_checks: z.array(z.object({ context: z.string(), integration_id: z.number().nullish() })),
});
const reviewRule = z.object({
  required_approving_review_count: z.number().default(0),
  dismiss_stale_reviews_on_push: z.boolean().default(false),
});

export function inspection(connection: Connection, baseUrl: string): Inspection {
  return {
    async time() {
      const started = performance.now();
      let date: string | null;
      try {
        // Costs nothing and needs no credentials, which a wrong clock makes worthless; whatever the status, the answer has a date.
        const answer = await fetch(`${baseUrl}/rate_limit`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
        await answer.body?.cancel();
        date = answer.headers.get("date");
      } catch (error) {
        const { cause } = error as { cause?: { code?: string } };
        throw new GitHubError("unavailable", 0, `GitHub does not answer (${cause?.code ?? (error as Error).name})`);
      }
      const atMs = Date.parse(date ?? "");
      if (Number.isNaN(atMs)) throw new GitHubError("unavailable", 0, "GitHub's answer has no date");
      return { atMs, tookMs: performance.now() - started };
    },
    async app() {
      const { owner, html_url, ...rest } = take(app, await connection.asApp("GET /app"));
      return { ...rest, owner: owner.login, ownerType: owner.type, htmlUrl: html_url };
    },
    async hook() {
      const found = take(hook, await connection.asApp("GET /app/hook/config"));
      const insecureSsl = String(found.insecure_ssl ?? "0") === "1";
      return { url: found.url ?? "", contentType: found.content_type ?? "form", insecureSsl };
    },
    async installations() {
      const all: InspectedInstallation[] = [];
      for (let page = 1; ; page++) {
        const answer = await connection.asApp("GET /app/installations", { per_page: 100, page });
        const found = take(z.array(installation), answer);
        all.push(...found);
        if (found.length < 100) return all;
      }
    },
    async protectedBranches(installationId, { id, owner, name }) {
      const { items, complete } = await connection.list<unknown>(
        installationId,
        { repositoryIds: [id] },
        "GET /repos/{owner}/{repo}/branches",
        { owner, repo: name, protected: true },
        1,
      );
      return { names: take(z.array(z.object({ name: z.string() })), items).map((branch) => branch.name), complete };
    },
    async branch(installationId, { id, owner, name }, branch): Promise<InspectedBranch> {
      const scope = { repositoryIds: [id] };
      const at = { owner, repo: name, branch };
      const { data } = await connection.call(installationId, scope, "GET /repos/{owner}/{repo}/branches/{branch}", at);
      const { items } = await connection.list<unknown>(
        installationId,
        scope,
        "GET /repos/{owner}/{repo}/rules/branches/{branch}",
        at,
        10,
      );
      const classic = take(branchSummary, data).protection?.required_status_checks;
      const rules = take(z.array(rule), items);
      const reviews = rules
        .filter(({ type }) => type === "pull_request")
        .map(({ parameters }) => take(reviewRule, parameters ?? {}));
      return {
        name: branch,
        checks: [
          // -1 is GitHub's word for any App in the protection of old.
          ...(classic?.checks ?? []).map(({ context, app_id }) => ({
            context,
            appId: app_id && app_id > 0 ? app_id : undefined,
            source: "protection" as const,
          })),
          ...rules
            .filter(({ type }) => type === "required_status_checks")
            .flatMap(({ parameters }) => take(requiredChecks, parameters ?? {}).required_status_checks)
            .map(({ context, integration_id }) => ({
              context,
              appId: integration_id ?? undefined,
              source: "ruleset" as const,
            })),
        ],
        adminsBypass: classic?.enforcement_level === "non_admins",
        mergeQueue: rules.some(({ type }) => type === "merge_queue"),
        staleApprovals:
          reviews.some((one) => one.required_approving_review_count > 0) &&
          !reviews.some((one) => one.dismiss_stale_reviews_on_push),
      };
    },
  };
}
