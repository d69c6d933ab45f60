import { type HmsConfig, type HmsFile, DEFAULTS } from "../config/schema.ts";
import { type ConfigProblem, parseHmsYml } from "../config/hms-yml.ts";
import { mergeConfig } from "../config/merge.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { type GitHub, GitHubError, type RepositoryApi } from "../ports/github.ts";

export const CONFIG_PATH = ".github/hms.yml";

/** The configuration in force for a repository: always from default branches, whatever a pull request says (invariant I4). */
export type EffectiveConfig =
  | { valid: true; config: HmsConfig }
  | { valid: false; file: string; problems: (ConfigProblem | { path: string; message: string })[] };

/** How long "there is no such file" is believed. A push to the default branch ends it at once; a file that exists is asked for by ETag each time. */
const ABSENT_MS = 15_000;
const ORGANISATION_ABSENT_MS = 5 * 60_000;

export interface ConfigurationSource {
  read(installationId: number, api: RepositoryApi): Promise<EffectiveConfig>;
  /** Forgets what is believed absent: a default branch was pushed to. */
  forget(installationId: number): void;
}

export function configurationSource(github: GitHub, now: () => number): ConfigurationSource {
  const absentUntilMs = new Map<string, number>();

  async function text(key: string, absentMs: number, fetch: () => Promise<string | undefined>): Promise<string | undefined> {
    if ((absentUntilMs.get(key) ?? 0) > now()) return undefined;
    const found = await fetch();
    if (found === undefined) absentUntilMs.set(key, now() + absentMs);
    return found;
  }

  function organisationText(installationId: number, owner: string): Promise<string | undefined> {
    const ref: RepositoryRef = { id: 0, owner, name: ".github", defaultBranch: "" };
    return text(`${installationId}/organisation`, ORGANISATION_ABSENT_MS, async () => {
      try {
        return await github.repository(installationId, ref).file(CONFIG_PATH);
      } catch (error) {
        // No such repository, or the App is not installed on it: the organisation then has nothing to say to it.
        if (error instanceof GitHubError && (error.fault === "not-found" || error.fault === "refused" || error.status === 404)) return undefined;
        throw error;
      }
    });
  }

  return {
    async read(installationId, api) {
      const own = api.ref.name === ".github";
      const [organisationYml, repositoryYml] = await Promise.all([
        own ? undefined : organisationText(installationId, api.ref.owner),
        text(`${installationId}/${api.ref.id}`, ABSENT_MS, () => api.file(CONFIG_PATH)),
      ]);
      return effectiveConfig(organisationYml, repositoryYml, own ? "organisation" : "repository");
    },
    forget(installationId) {
      for (const key of absentUntilMs.keys()) if (key.startsWith(`${installationId}/`)) absentUntilMs.delete(key);
    },
  };
}

/** Pure: the two files' texts (undefined: not there) to what is in force. A broken file never falls back to defaults. */
export function effectiveConfig(organisationYml: string | undefined, repositoryYml: string | undefined, scope: "repository" | "organisation"): EffectiveConfig {
  let organisation: HmsFile | undefined;
  let repository: HmsFile | undefined;
  if (organisationYml !== undefined) {
    const parsed = parseHmsYml(organisationYml, { scope: "organisation" });
    if (!parsed.ok) return { valid: false, file: "the organisation's .github repository", problems: parsed.problems };
    organisation = parsed.config;
  }
  if (repositoryYml !== undefined) {
    const parsed = parseHmsYml(repositoryYml, { scope });
    if (!parsed.ok) return { valid: false, file: CONFIG_PATH, problems: parsed.problems };
    repository = parsed.config;
  }
  const merged = mergeConfig(organisation, repository);
  return merged.ok ? { valid: true, config: merged.config } : { valid: false, file: CONFIG_PATH, problems: merged.problems };
}

export { DEFAULTS as DEFAULT_CONFIG };
