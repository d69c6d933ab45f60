import { Octokit } from "@octokit/rest";
import { z } from "zod";
import type { AppRegistration } from "../../ports/app-registration.ts";
import { toGitHubError } from "./faults.ts";
import { take } from "./shapes.ts";

const TIMEOUT_MS = 15_000;

const conversion = z
  .object({
    id: z.number().int().positive(),
    slug: z.string().min(1),
    owner: z.object({ login: z.string().min(1), type: z.enum(["User", "Organization"]) }),
    html_url: z.url(),
    pem: z.string().min(1),
    webhook_secret: z.string().min(1),
    client_id: z.string().min(1),
    client_secret: z.string().min(1),
  })
  .transform((app) => ({
    id: app.id,
    slug: app.slug,
    owner: app.owner.login,
    ownerType: app.owner.type,
    htmlUrl: app.html_url.replace(/\/+$/, ""),
    privateKey: app.pem,
    webhookSecret: app.webhook_secret,
    clientId: app.client_id,
    clientSecret: app.client_secret,
  }));

/** The one call that is made before there are credentials. */
export function githubAppRegistration(baseUrl: string, now: () => number): AppRegistration {
  const octokit = new Octokit({
    baseUrl,
    userAgent: "hms-sys",
    log: { debug() {}, info() {}, warn() {}, error() {} },
    request: {
      fetch: (url: string, init?: RequestInit) => fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }),
    },
  });
  return {
    async convert(code) {
      try {
        return take(conversion, (await octokit.request("POST /app-manifests/{code}/conversions", { code })).data);
      } catch (thrown) {
        throw toGitHubError(thrown, now());
      }
    },
  };
}
