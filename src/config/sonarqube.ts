import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

/*
 * Which SonarQube server is asked, and what each repository may read there: a file of the operator. hms.yml alone could name any project that the
 * one token of the process can read, and so show the findings of another team.
 */

const reference = z
  .string()
  .regex(/^(?:env:[A-Za-z_][A-Za-z0-9_]{0,99}|file:(?!\.|.*\/\.)[\w.-]+(?:\/[\w.-]+){0,5})$/, {
    error: "must be env:NAME or file:NAME, never the secret itself",
  });

const address = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash)
    return url.href.replace(/\/+$/, "");
  context.addIssue({ code: "custom", message: "must be an http or https URL without a user, query or fragment" });
  return z.NEVER;
});

const file = z.strictObject({
  version: z.literal(1),
  url: address,
  token: reference,
  webhook_secret: reference.optional(),
  projects: z
    .array(
      z.strictObject({
        repositories: z
          .array(
            z
              .string()
              .regex(/^[\w.-]{1,100}\/(?:[\w.-]{1,100}|\*)$/, "must be owner/name or owner/*")
              .transform((text) => text.toLowerCase()),
          )
          .min(1)
          .max(10_000),
        keys: z
          .array(
            z.string().regex(/^[A-Za-z0-9_.:-]{1,399}\*?$/, "must be the key of a project, or its beginning and *"),
          )
          .min(1)
          .max(10_000),
      }),
    )
    .min(1)
    .max(10_000),
});

/** The operator's SonarQube server. */
export interface SonarQube {
  /** Without a slash at the end. */
  url: string;
  /** `env:NAME` or `file:NAME`. */
  token: string;
  /** The same, of the secret that its webhook is signed with; absent: it is only asked. */
  webhookSecret?: string;
  /** `repositories`: lower case, `owner/name` or `owner/*`. `keys`: of projects; a `*` at the end stands for any ending. */
  projects: { repositories: string[]; keys: string[] }[];
}

/** Reads `HMS_SONARQUBE`. Problems complete the sentence "HMS_SONARQUBE: …" and never quote a secret. */
export function readSonarQubeFile(
  path: string,
  { environment, secretsDirectory, reserved }: Context,
): { sonarqube: SonarQube } | { problems: string[] } {
  let value: unknown;
  try {
    value = parse(readFileSync(path, "utf8"), { maxAliasCount: 0 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const unread = typeof code === "string" && /^E[A-Z]+$/.test(code);
    return { problems: [unread ? `the file cannot be read (${code})` : "the file is not YAML without aliases"] };
  }
  const parsed = file.safeParse(value);
  if (!parsed.success)
    return { problems: parsed.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`) };
  const { url, token, webhook_secret: webhookSecret, projects } = parsed.data;
  const problems = Object.entries({ token, webhook_secret: webhookSecret }).flatMap(([at, text]) => {
    if (text === undefined) return [];
    if (text.startsWith("file:"))
      return secretsDirectory === undefined ? [`${at}: a file needs HMS_SECRETS_URL=file:DIRECTORY`] : [];
    const name = text.slice("env:".length);
    if (reserved.includes(name)) return [`${at}: ${name} is HMS-SYS's own and nobody else's`];
    return (environment[name] ?? "") === "" ? [`${at}: the variable ${name} is not set`] : [];
  });
  if (problems.length > 0) return { problems };
  return { sonarqube: { url, token, ...(webhookSecret === undefined ? {} : { webhookSecret }), projects } };
}

interface Context {
  environment: Readonly<Record<string, string | undefined>>;
  secretsDirectory: string | undefined;
  /** Variables of ours, which no reference may hand to others. */
  reserved: readonly string[];
}

/**
 * Which project of the server a repository may read: the one that its hms.yml names, if the operator lets it; without a name the only one that the
 * operator gives to it.
 */
export function projectFor(
  { projects }: Pick<SonarQube, "projects">,
  repository: { owner: string; name: string },
  asked: string | undefined,
): { project: string } | { reason: string } {
  const full = `${repository.owner}/${repository.name}`.toLowerCase();
  const any = `${repository.owner}/*`.toLowerCase();
  const keys = projects.flatMap((one) =>
    one.repositories.includes(full) || one.repositories.includes(any) ? one.keys : [],
  );
  if (keys.length === 0)
    return { reason: "The operator of HMS-SYS lets this repository read no project of the SonarQube server." };
  if (asked === undefined) {
    const [only, ...others] = new Set(keys);
    return only !== undefined && others.length === 0 && !only.endsWith("*")
      ? { project: only }
      : { reason: "hms.yml does not say which project of the SonarQube server is meant: `scan.quality.project`." };
  }
  const allowed = keys.some((key) => (key.endsWith("*") ? asked.startsWith(key.slice(0, -1)) : key === asked));
  return allowed
    ? { project: asked }
    : {
        reason: `The operator of HMS-SYS does not let this repository read the project ${asked} of the SonarQube server.`,
      };
}
