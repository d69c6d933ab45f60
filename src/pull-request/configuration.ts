import { CONFIG_PATH, type EffectiveConfig, effectiveConfig } from "../config/effective.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { type GitHub, GitHubError, type RepositoryApi } from "../ports/github.ts";

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

  async function text(
    key: string,
    absentMs: number,
    fetch: () => Promise<string | undefined>,
  ): Promise<string | undefined> {
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
        if (
          error instanceof GitHubError &&
          (error.fault === "not-found" || error.fault === "refused" || error.status === 404)
        )
          return undefined;
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
