import { CONFIG_PATH, type EffectiveConfig, effectiveConfig } from "../config/effective.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import { type GitHub, GitHubError, type RepositoryApi } from "../ports/github.ts";
import type { Records } from "../ports/records.ts";

/** How long "there is no such file" is believed. A push to the default branch ends it at once; a file that exists is asked for by ETag each time. */
const ABSENT_MS = 15_000;
const ORGANISATION_ABSENT_MS = 5 * 60_000;

export interface ConfigurationSource {
  read(installationId: number, api: RepositoryApi): Promise<EffectiveConfig>;
  /** What a text that is proposed for this repository would be laid over. */
  basis(installationId: number, api: RepositoryApi): Promise<ProposalBasis>;
  /** Forgets what is believed absent: a default branch was pushed to, or an installation sees other repositories. */
  forget(installationId: number): void;
}

/** The organisation's text, if there is one, and whose file the repository's is. */
export interface ProposalBasis {
  organisationYml: string | undefined;
  scope: "repository" | "organisation";
}

export function configurationSource(
  github: GitHub,
  now: () => number,
  records?: Pick<Records, "get" | "put" | "delete">,
): ConfigurationSource {
  const absentUntilMs = new Map<string, number>();
  /** Installations of which it is written down that their organisation has a file. */
  const remembered = new Set<number>();

  /** Once a file was in force, only its absence from a repository that can be read ends it. */
  async function remember(installationId: number, there: boolean): Promise<void> {
    if (!records) return;
    const key = storageKey.organisationFile(installationId);
    if (there && !remembered.has(installationId)) await records.put(key, { seenAtMs: now() });
    else if (!there && (await records.get(key))) await records.delete(key);
    if (there) remembered.add(installationId);
    else remembered.delete(installationId);
  }

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
      let found: string | undefined;
      try {
        found = await github.repository(installationId, ref).file(CONFIG_PATH);
      } catch (error) {
        // No such repository, or the App is not installed on it: the organisation then has nothing to say to it. A file that may not be
        // read is neither: it may forbid just what a weaker configuration would allow. Nor is one that was in force and cannot be found:
        // it may have been taken out of the installation's selection.
        const missing = error instanceof GitHubError && (error.fault === "not-found" || error.fault === "refused");
        if (!missing || error.about === "installation") throw error;
        if (!(await records?.get(storageKey.organisationFile(installationId)))) return undefined;
        throw new GitHubError(
          "forbidden",
          error.status,
          `the organisation's ${CONFIG_PATH} was in force and its .github repository cannot be read any more; give the App access to it again, or delete the file there first; where the repository is gone, create it again without the file`,
        );
      }
      await remember(installationId, found !== undefined);
      return found;
    });
  }

  async function basis(installationId: number, api: RepositoryApi): Promise<ProposalBasis> {
    if (api.ref.name === ".github") return { organisationYml: undefined, scope: "organisation" };
    return { organisationYml: await organisationText(installationId, api.ref.owner), scope: "repository" };
  }

  return {
    async read(installationId, api) {
      const [{ organisationYml, scope }, repositoryYml] = await Promise.all([
        basis(installationId, api),
        text(`${installationId}/${api.ref.id}`, ABSENT_MS, () => api.file(CONFIG_PATH)),
      ]);
      return effectiveConfig(organisationYml, repositoryYml, scope);
    },
    basis,
    forget(installationId) {
      for (const key of absentUntilMs.keys()) if (key.startsWith(`${installationId}/`)) absentUntilMs.delete(key);
    },
  };
}
