import { emitInstallationRepositories } from "../installations.ts";
import { accountShape } from "../shapes/account.ts";
import type { Site } from "../site.ts";
import { covers, fullName } from "../state.ts";
import { accountNamed, type RepositoryRef, repositoryNamed } from "./lookup.ts";

/** What owners do with their repositories and names. */
export function lifeCycleAdministration(site: Site) {
  return {
    /** Gives a repository to another owner, who has accepted it. The old name leads to the new one. */
    transferRepository(ref: RepositoryRef, to: string): string {
      const repository = repositoryNamed(site, ref);
      const owner = accountNamed(site, to);
      const from = repository.owner;
      const left = [...site.state.installations.values()].filter((installation) => covers(installation, repository));
      site.state.transferRepository(repository, owner);
      for (const installation of left) {
        installation.repositoryIds.delete(repository.id);
        emitInstallationRepositories(site, installation, { removed: [repository] }, from);
      }
      const kind = from.type === "Organization" ? "organization" : "user";
      site.webhooks.emit(repository, "repository", owner, {
        action: "transferred",
        changes: { owner: { from: { [kind]: accountShape(site.url, from) } } },
      });
      return fullName(repository);
    },
  };
}
