import { DEFAULTS } from "../../src/config/schema.ts";
import type { Facts, RepositoryFacts } from "../../src/doctor/facts.ts";
import type { InspectedBranch, InspectedInstallation } from "../../src/ports/inspection.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const PERMISSIONS = { checks: "write", contents: "read", merge_queues: "read" };
const EVENTS = ["pull_request", "merge_group"];

export const known = <T>(value: T) => ({ ok: true as const, value });
export const notKnown = (problem: string) => ({ ok: false as const, problem });

export const INSTALLATION: InspectedInstallation = {
  id: 5,
  owner: "Acme",
  htmlUrl: "https://github.com/organizations/Acme/settings/installations/5",
  suspended: false,
  createdAtMs: NOW - 86_400_000,
  permissions: { metadata: "read", ...PERMISSIONS },
  events: EVENTS,
};

export const BRANCH: InspectedBranch = {
  name: "main",
  checks: [{ context: "hms/gate", appId: 7, source: "ruleset" }],
  adminsBypass: false,
  mergeQueue: false,
  staleApprovals: false,
};

export const REPOSITORY: RepositoryFacts = {
  owner: "Acme",
  name: "shop",
  defaultBranch: "main",
  installationId: 5,
  repositoryId: 9,
  configuration: known({ valid: true, config: DEFAULTS }),
  branches: known([BRANCH]),
  moreBranches: false,
};

/** Facts with nothing to mend, but for what is given. */
export function factsOf(change: Partial<Facts> = {}): Facts {
  return {
    nowMs: NOW,
    settings: {
      appId: 7,
      publicUrl: "https://hms.acme.dev",
      githubApiUrl: "https://api.github.com",
      githubWebUrl: "https://github.com",
      allowedOwners: [],
    },
    expected: {
      name: "HMS-SYS",
      description: "",
      public: false,
      default_events: EVENTS,
      default_permissions: PERMISSIONS as Facts["expected"]["default_permissions"],
    },
    process: { checker: known("sha256:1"), store: known("hms.db"), readiness: known("http://127.0.0.1:3000") },
    clock: known({ aheadMs: 200, exactToMs: 600 }),
    app: known({
      id: 7,
      slug: "hms-acme",
      owner: "Acme",
      ownerType: "Organization",
      htmlUrl: "https://github.com/apps/hms-acme",
      permissions: { metadata: "read", ...PERMISSIONS },
      events: EVENTS,
    }),
    hook: known({ url: "https://hms.acme.dev/api/github/webhooks", contentType: "json", insecureSsl: false }),
    deliveries: known([delivery("a", 202)]),
    installations: known([INSTALLATION]),
    repositories: [REPOSITORY],
    clusters: undefined,
    unlisted: undefined,
    notCovered: [],
    leftOut: 0,
    ...change,
  };
}

export function delivery(guid: string, statusCode: number) {
  return { id: guid, guid, atMs: NOW, statusCode, event: "push", action: undefined, installationId: 5 };
}
