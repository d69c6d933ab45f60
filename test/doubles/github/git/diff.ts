import { LineDiff } from "./line-diff.ts";
import { EMPTY_TREE, type ObjectStore } from "./object-store.ts";
import { isTreeMode, type TreeEntry } from "./objects.ts";
import type { GitProcesses } from "./process.ts";

export type FileChange = {
  path: string;
  previousPath?: string;
  status: "added" | "removed" | "modified" | "renamed" | "changed";
  /** Blob after the change; before it, for a removed file. */
  sha: string;
  additions: number;
  deletions: number;
  /** From the first hunk header on; absent for binary files. */
  patch?: string;
};

type RawChange = { path: string; before: TreeEntry | undefined; after: TreeEntry | undefined };

const CACHE_ENTRIES = 20_000;

/** Differences between trees with rename detection, remembered for ever because trees do not change. */
export class TreeDiffs {
  private readonly cache = new Map<string, Promise<FileChange[]>>();
  private readonly store: ObjectStore;
  private readonly processes: GitProcesses;

  constructor(store: ObjectStore, processes: GitProcesses) {
    this.store = store;
    this.processes = processes;
  }

  between(before: string, after: string): Promise<FileChange[]> {
    const key = before + after;
    const cached = this.cache.get(key);
    if (cached) return cached;
    if (this.cache.size > CACHE_ENTRIES) this.cache.clear();
    const changes = this.compute(before, after);
    this.cache.set(key, changes);
    changes.catch(() => this.cache.delete(key));
    return changes;
  }

  private async compute(before: string, after: string): Promise<FileChange[]> {
    const raw = await this.rawChanges(before, after, "");
    const added = raw.some((change) => !change.before);
    const removed = raw.some((change) => !change.after);
    if (added && removed) return this.byGit(before, after);
    const changes: FileChange[] = [];
    for (const change of raw) {
      const fileChange = await this.simpleChange(change);
      if (!fileChange) return this.byGit(before, after);
      changes.push(fileChange);
    }
    return changes;
  }

  /** The changed leaves below two trees, in the order of git. */
  async rawChanges(before: string, after: string, prefix: string): Promise<RawChange[]> {
    if (before === after) return [];
    const left = new Map((before ? ((await this.store.tree(before)) ?? []) : []).map((entry) => [entry.name, entry]));
    const right = new Map((after ? ((await this.store.tree(after)) ?? []) : []).map((entry) => [entry.name, entry]));
    const changes: RawChange[] = [];
    for (const name of new Set([...left.keys(), ...right.keys()])) {
      const was = left.get(name);
      const is = right.get(name);
      if (was?.sha === is?.sha && was?.mode === is?.mode) continue;
      const path = prefix + name;
      const wasTree = was && isTreeMode(was.mode);
      const isTree = is && isTreeMode(is.mode);
      if (wasTree || isTree) {
        changes.push(...(await this.rawChanges(wasTree ? was.sha : "", isTree ? is.sha : "", `${path}/`)));
      }
      const leafBefore = wasTree ? undefined : was;
      const leafAfter = isTree ? undefined : is;
      if (leafBefore || leafAfter) changes.push({ path, before: leafBefore, after: leafAfter });
    }
    return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** A child process costs milliseconds, so a change with one obvious edit script is worked out here. */
  private async simpleChange({ path, before, after }: RawChange): Promise<FileChange | undefined> {
    const sha = (after ?? before)?.sha ?? "";
    if (before && after && before.mode !== after.mode) return undefined;
    if ([before, after].some((entry) => entry?.mode === "160000")) return undefined;
    const old = before ? await this.store.blob(before.sha) : Buffer.alloc(0);
    const text = after ? await this.store.blob(after.sha) : Buffer.alloc(0);
    if (!old || !text) return undefined;
    const status = !before ? "added" : !after ? "removed" : "modified";
    if (isBinary(old) || isBinary(text)) return { path, status, sha, additions: 0, deletions: 0 };
    const diff = LineDiff.obvious(old.toString("utf8"), text.toString("utf8"));
    return diff && { path, status, sha, ...diff };
  }

  private async byGit(before: string, after: string): Promise<FileChange[]> {
    const trees = [before || EMPTY_TREE, after || EMPTY_TREE];
    const [summary, patches] = await Promise.all([
      this.processes.run(this.store.dir, [
        "diff-tree",
        "-r",
        "-M",
        "--raw",
        "--numstat",
        "-z",
        "--no-abbrev",
        ...trees,
      ]),
      this.processes.run(this.store.dir, ["diff-tree", "-r", "-M", "-p", "--no-color", "--no-ext-diff", ...trees]),
    ]);
    return joinGitOutput(summary.stdout.toString("utf8"), patches.stdout.toString("utf8"));
  }
}

/** Git's own rule: a NUL within the first 8,000 bytes. */
export function isBinary(data: Buffer): boolean {
  return data.subarray(0, 8000).includes(0);
}

function joinGitOutput(summary: string, patchText: string): FileChange[] {
  const fields = summary.split("\0");
  const changes: FileChange[] = [];
  let at = 0;
  while (fields[at]?.startsWith(":")) {
    const [, , before = "", after = "", letter = "M"] = (fields[at] ?? "").split(" ");
    const renamed = letter.startsWith("R") || letter.startsWith("C");
    const first = fields[at + 1] ?? "";
    const path = renamed ? (fields[at + 2] ?? "") : first;
    const status = renamed
      ? "renamed"
      : letter === "A"
        ? "added"
        : letter === "D"
          ? "removed"
          : letter === "T"
            ? "changed"
            : "modified";
    const sha = status === "removed" ? before : after;
    changes.push({ path, status, sha, additions: 0, deletions: 0, ...(renamed ? { previousPath: first } : {}) });
    at += renamed ? 3 : 2;
  }
  for (const change of changes) {
    const [added = "0", deleted = "0", path] = (fields[at] ?? "").split("\t");
    change.additions = Number(added) || 0;
    change.deletions = Number(deleted) || 0;
    at += path === "" ? 3 : 1;
  }
  const patches = patchText.split(/^diff --git /m).slice(1);
  changes.forEach((change, index) => {
    const text = patches[index] ?? "";
    const hunk = text.search(/^@@ /m);
    if (hunk >= 0) change.patch = text.slice(hunk).replace(/\n$/, "");
  });
  return changes;
}
