import { actOnIntents } from "./commands/act.ts";
import { reconcileInstallation, reconcileRepository } from "./intake/sweep.ts";
import { type Key, parseKey } from "./model/key.ts";
import type { Outcome } from "./model/outcome.ts";
import type { RepositoryRef } from "./model/pull-request.ts";
import { storageKey } from "./model/storage-key.ts";
import type { Run } from "./ports/run.ts";
import { type PullRequestDeps, reconcilePull } from "./pull-request/reconcile.ts";
import { reconcileCommit } from "./pull-request/reconcile-commit.ts";

/** One key, whatever it is. People's requests first: what they ask may change what the rest reads. */
export async function reconcile(
  deps: PullRequestDeps,
  sweep: Parameters<typeof reconcileRepository>[0],
  run: Run,
): Promise<Outcome> {
  const key = parseKey(run.key);
  if (key.kind === "installation") return reconcileInstallation(sweep, key);
  const ref = await repositoryOf(deps, key);
  switch (key.kind) {
    case "repository":
      return reconcileRepository(sweep, key, ref);
    case "commit":
      return reconcileCommit(deps, key, ref, run);
    case "pull": {
      const answer = await actOnIntents(deps, key, ref, run);
      const outcome = await reconcilePull(deps, key, ref, run);
      await answer();
      return outcome;
    }
  }
}

async function repositoryOf(
  deps: PullRequestDeps,
  key: Exclude<Key, { kind: "installation" }>,
): Promise<RepositoryRef> {
  const record = await deps.engine.records.get<RepositoryRef>(
    storageKey.repository(key.installationId, key.repositoryId),
  );
  if (record) return record.value;
  const found = (await deps.github.repositories(key.installationId)).find((ref) => ref.id === key.repositoryId);
  if (!found) throw new Error("the installation does not list this repository");
  return found;
}
