import { resolveCommit } from "../routes/revision.ts";
import type { Site } from "../site.ts";
import type { Repository } from "../state.ts";
import type { Workflow } from "./state.ts";
import { readWorkflowFile } from "./workflow-file.ts";

const FOLDER = ".github/workflows";

/** The workflows of the default branch: of others GitHub knows nothing until they are there. */
export async function workflowsOf(site: Site, repository: Repository): Promise<Workflow[]> {
  const tip = repository.git.branch(repository.defaultBranch);
  const commit = tip ? await repository.git.network.store.commit(tip) : undefined;
  const folder = commit && (await repository.git.network.store.entryAt(commit.tree, FOLDER));
  const entries = folder ? ((await repository.git.network.store.tree(folder.sha)) ?? []) : [];
  const { workflows } = site.state.actions.of(repository);
  return entries
    .filter(({ name }) => /\.ya?ml$/.test(name))
    .map(({ name }) => {
      const path = `${FOLDER}/${name}`;
      const now = site.now();
      const known = workflows.get(path) ?? {
        id: site.state.nextId(),
        path,
        state: "active" as const,
        createdAt: now,
        updatedAt: now,
        runs: 0,
      };
      workflows.set(path, known);
      return known;
    });
}

/** By id or by file name; undefined where the default branch has none such. */
export async function workflowNamed(site: Site, repository: Repository, name: string): Promise<Workflow | undefined> {
  return (await workflowsOf(site, repository)).find(
    ({ id, path }) => String(id) === name || path === `${FOLDER}/${name}`,
  );
}

/** The workflow's text at a branch, tag or commit. */
export async function workflowText(repository: Repository, path: string, ref: string): Promise<string | undefined> {
  const { store } = repository.git.network;
  const sha = await resolveCommit(repository, ref);
  const commit = sha ? await store.commit(sha) : undefined;
  const entry = commit && (await store.entryAt(commit.tree, path));
  const blob = entry && (await store.blob(entry.sha));
  return blob?.toString("utf8");
}

/** What the workflow is called, as far as its file can be read. */
export async function workflowTitle(repository: Repository, workflow: Workflow): Promise<string> {
  const text = await workflowText(repository, workflow.path, repository.defaultBranch);
  try {
    return text === undefined ? workflow.path : readWorkflowFile(workflow.path, text).name;
  } catch {
    // GitHub lists a file that it cannot read by its path.
    return workflow.path;
  }
}
