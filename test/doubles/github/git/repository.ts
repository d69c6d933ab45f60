import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TreeDiffs } from "./diff.ts";
import { ObjectStore } from "./object-store.ts";
import type { GitProcesses } from "./process.ts";

/** A repository and its forks: one object store, one cache of differences. */
export type Network = { store: ObjectStore; diffs: TreeDiffs };

export function openNetwork(dir: string, processes: GitProcesses): Network {
  const store = new ObjectStore(dir, processes);
  return { store, diffs: new TreeDiffs(store, processes) };
}

/** A bare repository on disk whose refs are also held in memory. */
export class GitRepository {
  readonly dir: string;
  readonly network: Network;
  private readonly refs = new Map<string, string>();
  private tail: Promise<unknown> = Promise.resolve();

  constructor(dir: string, network: Network) {
    this.dir = dir;
    this.network = network;
    mkdirSync(join(dir, "refs", "heads"), { recursive: true });
    mkdirSync(join(dir, "info"), { recursive: true });
    symlinkSync(join(network.store.dir, "objects"), join(dir, "objects"));
    // Any object of the network may be asked for by SHA, as on GitHub; refs/pull belongs to the server.
    writeFileSync(
      join(dir, "config"),
      "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[gc]\n\tauto = 0\n[http]\n\treceivepack = true\n" +
        "[uploadpack]\n\tallowAnySHA1InWant = true\n\tallowFilter = true\n[receive]\n\tdenyDeleteCurrent = refuse\n",
    );
    this.setHead("main");
  }

  /** Work on refs, one after the other. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work, work);
    // Whoever asked for the work gets its error; the next in line only waits for its end.
    this.tail = Promise.allSettled([result]);
    return result;
  }

  setHead(branch: string): void {
    writeFileSync(join(this.dir, "HEAD"), `ref: refs/heads/${branch}\n`);
  }

  ref(name: string): string | undefined {
    return this.refs.get(name);
  }

  branch(name: string): string | undefined {
    return this.refs.get(`refs/heads/${name}`);
  }

  /** All refs below a prefix, sorted by name. */
  list(prefix: string): { ref: string; sha: string }[] {
    return [...this.refs]
      .filter(([ref]) => ref.startsWith(prefix))
      .map(([ref, sha]) => ({ ref, sha }))
      .sort((a, b) => (a.ref < b.ref ? -1 : 1));
  }

  setRef(name: string, sha: string): void {
    const file = join(this.dir, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, `${sha}\n`);
    renameSync(`${file}.new`, file);
    this.refs.set(name, sha);
  }

  deleteRef(name: string): void {
    rmSync(join(this.dir, name), { force: true });
    this.refs.delete(name);
  }

  /** What a receive-pack left on disk, as the moves it made; memory follows. */
  rereadRefs(): { ref: string; before: string | undefined; after: string | undefined }[] {
    const onDisk = new Map<string, string>();
    for (const kind of ["refs/heads", "refs/tags"]) {
      for (const file of filesBelow(join(this.dir, kind))) {
        if (!file.endsWith(".new"))
          onDisk.set(`${kind}/${file}`, readFileSync(join(this.dir, kind, file), "utf8").trim());
      }
    }
    const known = [...this.refs.keys()].filter((ref) => ref.startsWith("refs/heads/") || ref.startsWith("refs/tags/"));
    const moves = [...new Set([...known, ...onDisk.keys()])]
      .map((ref) => ({ ref, before: this.refs.get(ref), after: onDisk.get(ref) }))
      .filter(({ before, after }) => before !== after);
    for (const { ref, after } of moves) {
      if (after) this.refs.set(ref, after);
      else this.refs.delete(ref);
    }
    return moves;
  }
}

function filesBelow(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
  } catch {
    return [];
  }
}
