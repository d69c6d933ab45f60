import type { EffectiveConfig } from "../../config/effective.ts";
import { formatKey, type PreviewKey } from "../../model/key.ts";
import type { PullRequest, RepositoryRef } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { TrackedPull } from "../../model/tracked-pull.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Engine } from "../../ports/engine.ts";
import type { RepositoryApi } from "../../ports/github.ts";
import type { Run } from "../../ports/run.ts";
import type { ConfigurationSource } from "../configuration.ts";

/** What GitHub says that a preview follows from. */
export interface GitHubFacts {
  pull: PullRequest;
  effective: EffectiveConfig;
  /** Null where GitHub does not list them all; empty where no filter asks for them. */
  changedFiles: string[] | null;
  /** How long this was still to stand, where it was not read just now: a run that rests on it is to be followed by one that reads. */
  standsForMs?: number;
}

export interface DeployedCommit {
  ref: RepositoryRef;
  /** 40 hex. */
  sha: string;
}

interface FactDeps {
  engine: Pick<Engine, "records">;
  configuration: ConfigurationSource;
  clock: Clock;
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
  readonly #deployed = new Map<string, DeployedCommit & { readAtMs: number }>();

  /** The pull request's own run looked at GitHub: what it saw may be news here. */
  forget(key: Omit<PreviewKey, "kind">): void {
    this.#known.delete(formatKey({ ...key, kind: "preview" }));
  }

  async read(deps: FactDeps, key: PreviewKey, api: RepositoryApi, run: Run): Promise<GitHubFacts> {
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
    // Those that were read first come first.
    for (const [oldest, { readAtMs }] of this.#known) {
      if (this.#known.size < MOST && nowMs - readAtMs < STANDS_FOR_MS) break;
      this.#known.delete(oldest);
    }
    this.#known.set(id, { ...facts, readAtMs: nowMs });
    return facts;
  }

  /**
   * A deploy repository and the commit that a moving revision of it stands for: one answer for all previews that are made from it.
   *
   * @param id with the installation: what one may read says nothing of another
   */
  async deployed(
    id: string,
    nowMs: number,
    read: () => Promise<DeployedCommit | undefined>,
  ): Promise<DeployedCommit | undefined> {
    const known = this.#deployed.get(id);
    const age = nowMs - (known?.readAtMs ?? 0);
    if (known && age >= 0 && age < STANDS_FOR_MS) return known;
    this.#deployed.delete(id);
    const found = await read();
    if (this.#deployed.size >= MOST) this.#deployed.clear();
    if (found) this.#deployed.set(id, { ...found, readAtMs: nowMs });
    return found;
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
