import type { Site } from "../site.ts";
import type { Repository } from "../state.ts";
import type { Environment, WorkflowRun } from "./state.ts";

/** An environment that nobody made is made on first use, without any protection. */
export function environmentNamed(site: Site, repository: Repository, name: string): Environment {
  const { environments } = site.state.actions.of(repository);
  const known = environments.get(name.toLowerCase());
  if (known) return known;
  const fresh: Environment = { id: site.state.nextId(), name, branches: undefined, createdAt: site.now() };
  environments.set(name.toLowerCase(), fresh);
  return fresh;
}

/** https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments#deployment-branches-and-tags */
export function admits(site: Site, repository: Repository, name: string, run: WorkflowRun): boolean {
  const { branches } = environmentNamed(site, repository, name);
  if (branches === undefined) return true;
  if (!run.ref.startsWith("refs/heads/")) return false;
  if (branches === "protected") return repository.protections.has(run.headBranch);
  return branches.some((pattern) => fits(pattern.name, run.headBranch));
}

/** As Ruby's `File.fnmatch` with `FNM_PATHNAME`: a star does not take slashes. */
function fits(pattern: string, branch: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\?]/g, "\\$&")
    .replace(/\*\*\/|\*/g, (star) => (star === "*" ? "[^/]*" : "(?:.*/)?"));
  return new RegExp(`^${source}$`).test(branch);
}
