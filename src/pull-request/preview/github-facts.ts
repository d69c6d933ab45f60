import type { EffectiveConfig } from "../../config/effective.ts";
import { formatKey } from "../../model/key.ts";
import type { PullRequest } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { TrackedPull } from "../../model/tracked-pull.ts";
import type { RepositoryApi } from "../../ports/github.ts";
import type { Run } from "../../ports/run.ts";
import type { PreviewDeps } from "./deps.ts";
import type { PreviewKey } from "./scene.ts";

/** What GitHub says that a preview follows from. */
export interface GitHubFacts {
  pull: PullRequest;
  effective: EffectiveConfig;
  /** Null where GitHub does not list them all; empty where no filter asks for them. */
  changedFiles: string[] | null;
  /** How long this was still to stand, where it was not read just now: a run that rests on it is to be followed by one that reads. */
  standsForMs?: number;
}

interface Remembered extends GitHubFacts {
  readAtMs: number;
}

/** A preview that is being made runs every second; what GitHub says is read that often at most. */
const STANDS_FOR_MS = 30_000;
const MOST = 5_000;

/**
 * Reads what GitHub says of a pull request, or takes what was read moments ago where only a cluster moved since: no delivery led to this run, and
 * the pull request's own run has seen nothing else. Two hundred previews that are made at once would otherwise use up GitHub's limits.
 */
export class FactMemory {
  readonly #known = new Map<string, Remembered>();

  /** The pull request's own run looked at GitHub: what it saw may be news here. */
  forget(key: Omit<PreviewKey, "kind">): void {
    this.#known.delete(formatKey({ ...key, kind: "preview" }));
  }

  async read(deps: PreviewDeps, key: PreviewKey, api: RepositoryApi, run: Run): Promise<GitHubFacts> {
    const id = formatKey(key);
    const known = this.#known.get(id);
    const nowMs = deps.clock.now();
    if (known && run.lease.causes.length === 0 && run.lease.attempt === 0) {
      const age = nowMs - known.readAtMs;
      const { installationId, repositoryId, number } = key;
      const tracked = (
        await deps.engine.records.get<TrackedPull>(storageKey.pull(installationId, repositoryId, number))
      )?.value;
      if (age >= 0 && age < STANDS_FOR_MS && tracked && isSame(known.pull, tracked)) {
        return { ...known, standsForMs: STANDS_FOR_MS - age };
      }
    }
    this.#known.delete(id);
    const [pull, effective] = await Promise.all([
      api.pull(key.number),
      deps.configuration.read(key.installationId, api),
    ]);
    const asks = effective.valid && (effective.config.preview?.when.paths.length ?? 0) > 0;
    const facts = { pull, effective, changedFiles: asks && pull.state === "open" ? await changedFiles(api, pull) : [] };
    if (this.#known.size >= MOST) this.#known.delete(this.#known.keys().next().value ?? "");
    this.#known.set(id, { ...facts, readAtMs: nowMs });
    return facts;
  }
}

function isSame(pull: PullRequest, tracked: TrackedPull): boolean {
  return (
    tracked.headSha === pull.headSha &&
    tracked.state === pull.state &&
    tracked.draft === pull.draft &&
    tracked.baseRef === pull.baseRef
  );
}

async function changedFiles(api: RepositoryApi, pull: PullRequest): Promise<string[] | null> {
  const { files, complete } = await api.pullFiles(pull);
  return complete ? files.flatMap(({ path, previousPath }) => (previousPath ? [path, previousPath] : [path])) : null;
}
