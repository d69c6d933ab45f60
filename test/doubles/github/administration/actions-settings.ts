import { environmentNamed } from "../actions/environments.ts";
import type { WorkflowState } from "../actions/state.ts";
import type { Site } from "../site.ts";
import { accountNamed, type RepositoryRef, repositoryNamed } from "./lookup.ts";

/** What owners set up for workflows. */
export function actionsSettings(site: Site) {
  const { actions } = site.state;
  return {
    /** `at`: `owner/name` or an organisation; `null` removes it. */
    setVariable(at: RepositoryRef, name: string, value: string | null): void {
      const organisation = typeof at === "string" && !at.includes("/");
      const { id } = organisation ? accountNamed(site, at) : repositoryNamed(site, at);
      const variables = actions.variablesOf(id);
      const key = name.toUpperCase();
      const now = site.now();
      const createdAt = variables.get(key)?.createdAt ?? now;
      if (value === null) variables.delete(key);
      else variables.set(key, { name: key, value, createdAt, updatedAt: now });
    },

    /** `branches`: those that may deploy there; patterns as GitHub takes them. Left out: all. `null` removes the environment. */
    setEnvironment(ref: RepositoryRef, name: string, options: { branches?: "protected" | string[] } | null): void {
      const repository = repositoryNamed(site, ref);
      if (options === null) {
        actions.of(repository).environments.delete(name.toLowerCase());
        return;
      }
      const { branches } = options;
      environmentNamed(site, repository, name).branches = Array.isArray(branches)
        ? branches.map((pattern) => ({ id: site.state.nextId(), name: pattern }))
        : branches;
    },

    /** What a job's token may do where no `permissions` says so. */
    setDefaultWorkflowPermissions(ref: RepositoryRef, level: "read" | "write"): void {
      actions.of(repositoryNamed(site, ref)).defaultPermissions = level;
    },

    /** `file`: its name below `.github/workflows`. */
    setWorkflowState(ref: RepositoryRef, file: string, state: WorkflowState): void {
      const { workflows } = actions.of(repositoryNamed(site, ref));
      const path = `.github/workflows/${file}`;
      const now = site.now();
      const workflow = workflows.get(path) ?? {
        id: site.state.nextId(),
        path,
        createdAt: now,
        runs: 0,
        state,
        updatedAt: now,
      };
      workflows.set(path, Object.assign(workflow, { state, updatedAt: now }));
    },

    /** What was uploaded to code scanning, oldest first. */
    codeScanningUploads: (ref: RepositoryRef) => [...actions.of(repositoryNamed(site, ref)).sarifs.values()],
  };
}
