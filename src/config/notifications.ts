import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

/*
 * Whom to tell that they are awaited, and where: a file of the operator, as the addresses in it are secrets and reach out of the process.
 * A repository cannot name any.
 */

const variable = z.string().regex(/^[A-Z][A-Z0-9_]{0,99}$/, "must name an environment variable");
const target = z
  .strictObject({
    name: z.string().min(1).max(100),
    kind: z.enum(["slack", "webhook"]),
    /** Variable that holds the URL. */
    url_env: variable,
    /** Variable that holds the secret that a `webhook` is signed with. */
    secret_env: variable.optional(),
  })
  .refine((one) => one.kind === "slack" || one.secret_env !== undefined, { error: "a webhook needs secret_env" });

const route = z.strictObject({
  /** Whom the gate waits for, as its title names them; `*` for anybody. */
  waiting_for: z.array(z.string().min(1).max(200)).min(1),
  /** `owner/name` or `owner/*`; all unless given. */
  repositories: z.array(z.string().regex(/^[\w.-]+\/(?:[\w.-]+|\*)$/, "must be owner/name or owner/*")).optional(),
  to: z.array(z.string()).min(1),
});

const file = z.strictObject({
  version: z.literal(1),
  /** A gate that changes its mind within that time tells nobody. */
  settle_seconds: z.int().min(0).max(3600).default(30),
  targets: z.array(target).min(1).max(100),
  routes: z.array(route).min(1).max(1000),
});

export interface NotificationTarget {
  name: string;
  kind: "slack" | "webhook";
  url: string;
  /** Empty for Slack. */
  secret: string;
}

export interface NotificationRoute {
  /** Lower case. */
  waitingFor: string[];
  repositories: string[] | undefined;
  to: string[];
}

export interface Notifications {
  settleMs: number;
  targets: NotificationTarget[];
  routes: NotificationRoute[];
}

/** Reads `HMS_NOTIFICATIONS`. Problems never quote a URL or a secret. */
export function readNotifications(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): { notifications: Notifications } | { problems: string[] } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return { problems: [`the file cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`] };
  }
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch {
    return { problems: ["the file is not YAML"] };
  }
  const parsed = file.safeParse(value);
  if (!parsed.success)
    return { problems: parsed.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`) };
  const problems: string[] = [];
  const targets = parsed.data.targets.map(({ name, kind, url_env, secret_env }): NotificationTarget => {
    const url = environment[url_env] ?? "";
    const secret = secret_env === undefined ? "" : (environment[secret_env] ?? "");
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) problems.push(`${url_env} is not a URL`);
    if (secret_env !== undefined && secret.length < 24) problems.push(`${secret_env} has less than 24 characters`);
    return { name, kind, url, secret };
  });
  const names = targets.map(({ name }) => name);
  if (new Set(names).size < names.length) problems.push("two targets have the same name");
  const routes = parsed.data.routes.map(({ waiting_for, repositories, to }): NotificationRoute => {
    for (const name of to) if (!names.includes(name)) problems.push(`there is no target ${name}`);
    return {
      waitingFor: waiting_for.map((whom) => whom.toLowerCase()),
      repositories: repositories?.map((pattern) => pattern.toLowerCase()),
      to,
    };
  });
  return problems.length > 0
    ? { problems }
    : { notifications: { settleMs: parsed.data.settle_seconds * 1000, targets, routes } };
}
