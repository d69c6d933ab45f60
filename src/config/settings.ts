import { z } from "zod";
import { type AppCredentials, readAppCredentials } from "./app-credentials.ts";
import { type Clusters, readClusters } from "./clusters-file.ts";
import { contradictions } from "./contradictions.ts";
import type { ControlMaps } from "./controls.ts";
import { didYouMean } from "./did-you-mean.ts";
import { type Notifications, readNotifications } from "./notifications.ts";
import { oidcIssuerOf } from "./oidc-issuer.ts";
import {
  appId,
  bearerToken,
  controlMaps,
  duration,
  hosts,
  httpUrl,
  isLoopback,
  issuerUrl,
  list,
  policyBundle,
  port,
  privateKeyText,
  program,
  secret,
  secretsUrl,
  storeUrl,
  teams,
  token,
} from "./setting-kinds.ts";
import { readSonarQubeFile, type SonarQube } from "./sonarqube.ts";

/** What the process needs to know to start, from its environment. */
export interface Settings {
  host: string;
  port: number;
  /** Where people reach this process, without a slash at the end. */
  publicUrl: string;
  dataDir: string;
  store: { kind: "sqlite"; path: string };
  /** Absent: the policies that come with this version. */
  policyBundle?: { path: string; sha256?: string } | { url: string; sha256: string };
  /** An OPA server that decides in place of a bundle. The URL has no slash at the end. */
  checkerServer?: { url: string; token?: string };
  app: AppCredentials;
  /** Without a slash at the end. */
  githubApiUrl: string;
  /** Who signs the identity tokens of its workflows; without a slash at the end. */
  oidcIssuer: string;
  /** A program on this machine that makes all scans, for development. */
  scanLocal?: string;
  /** Lower-case logins; empty: all owners. */
  allowedOwners: string[];
  /** For machines, in `Authorization: Bearer`; absent: none. */
  operatorToken?: string;
  /** The teams, in lower case, whose members have a role for their organisation's repositories. */
  roleTeams: Record<"operator" | "auditor" | "admin", { org: string; slug: string }[]>;
  /** Whether GitHub.com's published limits are kept, or only those that GitHub answers with. */
  githubLimits: "published" | "answers";
  resyncIntervalMs: number;
  /** Base URL of an OTLP/HTTP collector, without a slash at the end; absent: no traces leave the process. */
  traceEndpoint: string | undefined;
  /** Who is told that they are awaited, and where; absent: nobody. */
  notifications?: Notifications;
  /** `host` or `host:port`, lower case, to which requests may go although they are not public. */
  egressAllow: string[];
  /** Whether a repository without a configuration gets one proposed. */
  onboarding: boolean;
  /** By which maps denials name their controls. */
  controls: ControlMaps;
  /** Where previews may run; absent: there are none. */
  clusters?: Clusters;
  /** Whom to ask about scans of kind quality; absent: nobody. */
  sonarqube?: SonarQube;
  /** Folder of the files that `file:` references name; absent: there are none. */
  secretsDirectory?: string;
  logLevel: (typeof LOG_LEVELS)[number];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What there is before there is an App. */
export type SetUpSettings = Omit<Settings, "app">;

/**
 * `setUp`: everything is right, but there are no credentials of an App yet. `warnings` do not keep the process from starting. Neither they nor
 * `problems` quote a value: it may be a secret in a wrong place.
 */
export type SettingsResult =
  | { settings: Settings; warnings: string[] }
  | { setUp: SetUpSettings; warnings: string[] }
  | { problems: string[]; warnings: string[] };

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const environmentSchema = z.object({
  PORT: port.default(3000),
  HOST: z.string().default("127.0.0.1"),
  HMS_PUBLIC_URL: httpUrl.optional(),
  HMS_DATA_DIR: z.string().default("./data"),
  HMS_STORE_URL: storeUrl.optional(),
  HMS_POLICY_BUNDLE: policyBundle.optional(),
  HMS_CONTROLS: controlMaps.prefault("fedramp-moderate"),
  HMS_CHECKER_URL: httpUrl.optional(),
  HMS_CHECKER_TOKEN: bearerToken.optional(),
  APP_ID: appId.optional(),
  PRIVATE_KEY: privateKeyText.optional(),
  PRIVATE_KEY_PATH: z.string().optional(),
  WEBHOOK_SECRET: secret(1).optional(),
  GITHUB_CLIENT_ID: z.string().optional(),
  GITHUB_CLIENT_SECRET: secret(1).optional(),
  GITHUB_API_URL: httpUrl.default("https://api.github.com"),
  HMS_OIDC_ISSUER: issuerUrl.optional(),
  HMS_SCAN_LOCAL: program.optional(),
  HMS_ALLOWED_OWNERS: list.default([]),
  HMS_OPERATOR_TOKEN: token(32).optional(),
  HMS_OPERATOR_TEAMS: teams.default([]),
  HMS_AUDITOR_TEAMS: teams.default([]),
  HMS_ADMIN_TEAMS: teams.default([]),
  HMS_RESYNC_INTERVAL: duration(1000, 86_400_000).default(600_000),
  HMS_GITHUB_LIMITS: z.enum(["published", "answers"], { error: "must be published or answers" }).optional(),
  HMS_NOTIFICATIONS: z.string().optional(),
  HMS_EGRESS_ALLOW: hosts.default([]),
  HMS_ONBOARDING: z.enum(["on", "off"], { error: "must be on or off" }).default("on"),
  KUBECONFIG: z.string().optional(),
  HMS_CLUSTERS: z.string().optional(),
  HMS_SONARQUBE: z.string().optional(),
  HMS_SECRETS_URL: secretsUrl.default({ directory: undefined }),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(", ")}` }).default("info"),
});

type Variable = keyof typeof environmentSchema.shape;

/** An example for each variable, for problems and the documentation. */
export const EXAMPLES: Readonly<Record<Variable, string>> = {
  PORT: "3000",
  HOST: "0.0.0.0",
  HMS_PUBLIC_URL: "https://hms.acme.dev",
  HMS_DATA_DIR: "/var/lib/hms",
  HMS_STORE_URL: "sqlite:/var/lib/hms/hms.db",
  HMS_POLICY_BUNDLE: `/etc/hms/policy.wasm#sha256:${"<64 hex digits>"}`,
  HMS_CONTROLS: "fedramp-moderate,hipaa",
  HMS_CHECKER_URL: "https://opa.acme.dev",
  HMS_CHECKER_TOKEN: "$(cat /run/secrets/opa-token)",
  APP_ID: "123456",
  PRIVATE_KEY: "the text of the .pem file that GitHub gave you",
  PRIVATE_KEY_PATH: "/etc/hms/app.private-key.pem",
  WEBHOOK_SECRET: "$(openssl rand -hex 32)",
  GITHUB_CLIENT_ID: "Iv23liAbCdEfGhIjKlMn",
  GITHUB_CLIENT_SECRET: "the client secret that GitHub gave you",
  GITHUB_API_URL: "https://github.acme.dev/api/v3",
  HMS_OIDC_ISSUER: "https://github.acme.dev/_services/token",
  HMS_SCAN_LOCAL: "/usr/local/bin/hms-scan",
  HMS_ALLOWED_OWNERS: "acme,acme-labs",
  HMS_OPERATOR_TOKEN: "$(openssl rand -hex 32)",
  HMS_OPERATOR_TEAMS: "acme/sre,acme/platform",
  HMS_AUDITOR_TEAMS: "acme/audit",
  HMS_ADMIN_TEAMS: "acme/platform-leads",
  HMS_RESYNC_INTERVAL: "10m",
  HMS_GITHUB_LIMITS: "published",
  HMS_NOTIFICATIONS: "/etc/hms/notifications.yml",
  HMS_EGRESS_ALLOW: "mattermost.acme.internal,10.0.0.7:8065",
  HMS_ONBOARDING: "off",
  KUBECONFIG: "/etc/hms/kubeconfig",
  HMS_CLUSTERS: "/etc/hms/clusters.yml",
  HMS_SONARQUBE: "/etc/hms/sonarqube.yml",
  HMS_SECRETS_URL: "file:/run/secrets/hms",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318",
  LOG_LEVEL: "info",
};

interface NotYet {
  why: string;
  /** Values that ask for nothing else than what this version does. */
  taken?: RegExp;
}

/** Variables of the design that do nothing yet. To ignore one would mostly be to run without what was asked for. */
export const NOT_YET: Readonly<Record<string, NotYet>> = {
  HMS_SECRETS_URL: {
    why: "reading secrets from a manager is not in this version; give them in the environment (`env:`) or as files (`file:DIRECTORY`)",
    taken: /^\s*(?!aws-sm:|azure-kv:)/,
  },
};

/** The variables that are read, in the order of the documentation. */
export const VARIABLES = Object.keys(environmentSchema.shape) as Variable[];

/** Reads and checks the environment as a whole: all problems at once, each with its variable and an example. An empty value is none. */
export function readSettings(environment: Environment): SettingsResult {
  const problems: string[] = [];
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value.trim() !== "") given[name] = value;
  }
  const warnings: string[] = [];
  for (const [name, { why, taken }] of Object.entries(NOT_YET)) {
    const value = given[name];
    if (value !== undefined && !taken?.test(value)) problems.push(`${name} is set, but ${why}.`);
  }
  const parsed = environmentSchema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    const name = issue.path[0] as Variable;
    problems.push(`${name} ${issue.message}. Example: ${name}=${EXAMPLES[name]}`);
  }
  const credentials = credentialsOf(environment, given, parsed.data);
  if ("problems" in credentials) {
    for (const { variable, text } of credentials.problems) {
      const example = variable ? ` Example: ${variable}=${EXAMPLES[variable as Variable]}` : "";
      if (!problems.some((told) => variable && told.startsWith(`${variable} `))) problems.push(`${text}.${example}`);
    }
  }
  problems.push(...contradictions(given));
  // Files are read even where other variables have problems, so that all are told at once.
  const notifications = given.HMS_NOTIFICATIONS ? readNotifications(given.HMS_NOTIFICATIONS, environment) : undefined;
  if (notifications && "problems" in notifications)
    problems.push(...notifications.problems.map((text) => `HMS_NOTIFICATIONS: ${text}.`));
  const secretsDirectory = secretsUrl.safeParse(given.HMS_SECRETS_URL ?? "").data?.directory;
  const context = { environment, secretsDirectory, reserved: VARIABLES };
  const clusters = readClusters(given, context);
  if (clusters && "problems" in clusters) problems.push(...clusters.problems);
  const sonarqube = given.HMS_SONARQUBE ? readSonarQubeFile(given.HMS_SONARQUBE, context) : undefined;
  if (sonarqube && "problems" in sonarqube)
    problems.push(...sonarqube.problems.map((text) => `HMS_SONARQUBE: ${text}.`));
  warnings.push(...unknownVariables(Object.keys(given)));
  if (!parsed.success || "problems" in credentials || problems.length > 0) return { problems, warnings };
  const env = parsed.data;
  if (/^http:/.test(env.GITHUB_API_URL) && !isLoopback(new URL(env.GITHUB_API_URL).hostname)) {
    warnings.push("GITHUB_API_URL is not https: tokens cross the network in the clear.");
  }
  const settings: SetUpSettings = {
    host: env.HOST,
    port: env.PORT,
    publicUrl: env.HMS_PUBLIC_URL ?? `http://${env.HOST.includes(":") ? `[${env.HOST}]` : env.HOST}:${env.PORT}`,
    dataDir: env.HMS_DATA_DIR,
    store: env.HMS_STORE_URL ?? { kind: "sqlite", path: `${env.HMS_DATA_DIR.replace(/\/+$/, "")}/hms.db` },
    githubApiUrl: env.GITHUB_API_URL,
    controls: env.HMS_CONTROLS,
    oidcIssuer: env.HMS_OIDC_ISSUER ?? oidcIssuerOf(env.GITHUB_API_URL),
    allowedOwners: env.HMS_ALLOWED_OWNERS.map((owner) => owner.toLowerCase()),
    roleTeams: {
      operator: env.HMS_OPERATOR_TEAMS,
      auditor: env.HMS_AUDITOR_TEAMS,
      admin: env.HMS_ADMIN_TEAMS,
    },
    githubLimits: env.HMS_GITHUB_LIMITS ?? (isGitHubCom(env.GITHUB_API_URL) ? "published" : "answers"),
    resyncIntervalMs: env.HMS_RESYNC_INTERVAL,
    onboarding: env.HMS_ONBOARDING === "on",
    egressAllow: env.HMS_EGRESS_ALLOW,
    traceEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    logLevel: env.LOG_LEVEL,
  };
  if (env.HMS_CHECKER_URL) {
    if (/^http:/.test(env.HMS_CHECKER_URL) && !isLoopback(new URL(env.HMS_CHECKER_URL).hostname))
      warnings.push("HMS_CHECKER_URL is not https: whoever is between could answer in the checker's place.");
    const token = env.HMS_CHECKER_TOKEN;
    settings.checkerServer = { url: env.HMS_CHECKER_URL, ...(token === undefined ? {} : { token }) };
  } else if (env.HMS_CHECKER_TOKEN) warnings.push("HMS_CHECKER_TOKEN does nothing without HMS_CHECKER_URL.");
  if (notifications && "notifications" in notifications) settings.notifications = notifications.notifications;
  if (clusters && "clusters" in clusters) settings.clusters = clusters.clusters;
  if (sonarqube && "sonarqube" in sonarqube) settings.sonarqube = sonarqube.sonarqube;
  if (secretsDirectory !== undefined) settings.secretsDirectory = secretsDirectory;
  if (env.HMS_SCAN_LOCAL) settings.scanLocal = env.HMS_SCAN_LOCAL;
  if (env.HMS_OPERATOR_TOKEN) settings.operatorToken = env.HMS_OPERATOR_TOKEN;
  if (env.HMS_POLICY_BUNDLE) settings.policyBundle = env.HMS_POLICY_BUNDLE;
  return "none" in credentials
    ? { setUp: settings, warnings }
    : { settings: { ...settings, app: credentials.app }, warnings };
}

/** Read even where other variables have problems, so that all are told at once; what has a problem itself counts as not given. */
function credentialsOf(
  environment: Environment,
  given: Record<string, string>,
  parsed: z.infer<typeof environmentSchema> | undefined,
): ReturnType<typeof readAppCredentials> {
  const { APP_ID, ...texts } = given;
  const id = appId.safeParse(APP_ID ?? "");
  return readAppCredentials(
    { ...texts, ...(id.success ? { APP_ID: id.data } : {}) },
    {
      named: new Set(Object.keys(environment).filter((name) => environment[name] !== undefined)),
      dataDir: given.HMS_DATA_DIR ?? "./data",
      githubApiUrl: parsed?.GITHUB_API_URL,
    },
  );
}

function unknownVariables(names: string[]): string[] {
  return names
    .filter((name) => name.startsWith("HMS_") && !(VARIABLES as string[]).includes(name) && !(name in NOT_YET))
    .map((name) => {
      const meant = didYouMean(name, VARIABLES);
      return `${name} is not a variable of this version and does nothing${meant ? `; did you mean ${meant}?` : "."}`;
    });
}

/** github.com, and Enterprise Cloud with data residency. */
function isGitHubCom(apiUrl: string): boolean {
  return /^api\.(?:github\.com|[a-z0-9-]+\.ghe\.com)$/.test(new URL(apiUrl).hostname);
}
