import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import { CatFile } from "./cat-file.ts";
import {
  type Commit,
  type CommitDraft,
  formatCommit,
  formatTree,
  type GitObject,
  isTreeMode,
  type ObjectType,
  objectSha,
  parseCommit,
  parseTree,
  type TreeEntry,
} from "./objects.ts";
import type { GitProcesses } from "./process.ts";

const CACHE_LIMIT_BYTES = 64 * 1024 * 1024;
export const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** A file's new content; `program`: one that may be executed; null takes it away. */
export type FileContent = string | Buffer | { program: string } | null;

/**
 * The objects of one fork network, in git's own loose format on disk. GitHub keeps one such store for a repository and
 * all of its forks as well, which is why a fork's commits can be read by SHA through the parent.
 */
export class ObjectStore {
  /** A bare repository with no refs of its own. */
  readonly dir: string;
  private readonly catFile: CatFile;
  private readonly cache = new Map<string, GitObject>();
  private readonly commits = new Map<string, Commit>();
  private readonly trees = new Map<string, TreeEntry[]>();
  private cachedBytes = 0;

  constructor(dir: string, processes: GitProcesses) {
    this.dir = dir;
    mkdirSync(join(dir, "objects", "info"), { recursive: true });
    mkdirSync(join(dir, "objects", "pack"), { recursive: true });
    mkdirSync(join(dir, "refs"), { recursive: true });
    writeFileSync(join(dir, "HEAD"), "ref: refs/heads/none\n");
    writeFileSync(join(dir, "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[gc]\n\tauto = 0\n");
    this.catFile = new CatFile(dir, processes);
  }

  write(type: ObjectType, data: Buffer): string {
    const sha = objectSha(type, data);
    if (this.cache.has(sha)) return sha;
    const dir = join(this.dir, "objects", sha.slice(0, 2));
    const file = join(dir, sha.slice(2));
    const packed = deflateSync(Buffer.concat([Buffer.from(`${type} ${data.length}\0`), data]), { level: 1 });
    try {
      mkdirSync(dir, { recursive: true });
      writeFileSync(file, packed, { flag: "wx", mode: 0o444 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    this.remember(sha, { type, data });
    return sha;
  }

  async read(sha: string): Promise<GitObject | undefined> {
    const cached = this.cache.get(sha);
    if (cached) return cached;
    if (!/^[0-9a-f]{40}$/.test(sha)) return undefined;
    const object = this.readLoose(sha) ?? (await this.catFile.read(sha));
    if (object) this.remember(sha, object);
    return object;
  }

  async commit(sha: string): Promise<Commit | undefined> {
    const cached = this.commits.get(sha);
    if (cached) return cached;
    const object = await this.read(sha);
    if (object?.type !== "commit") return undefined;
    const commit = parseCommit(sha, object.data);
    this.commits.set(sha, commit);
    return commit;
  }

  async tree(sha: string): Promise<TreeEntry[] | undefined> {
    const cached = this.trees.get(sha);
    if (cached) return cached;
    if (sha === EMPTY_TREE) return [];
    const object = await this.read(sha);
    if (object?.type !== "tree") return undefined;
    const entries = parseTree(object.data);
    this.trees.set(sha, entries);
    return entries;
  }

  async blob(sha: string): Promise<Buffer | undefined> {
    const object = await this.read(sha);
    return object?.type === "blob" ? object.data : undefined;
  }

  writeCommit(draft: CommitDraft): string {
    return this.write("commit", formatCommit(draft));
  }

  /** The tree `base` with files replaced (text) or removed (null). */
  async writeTree(base: string, files: Record<string, FileContent>): Promise<string> {
    const entries = new Map((base === "" ? [] : ((await this.tree(base)) ?? [])).map((entry) => [entry.name, entry]));
    const inside = new Map<string, Record<string, FileContent>>();
    for (const [path, content] of Object.entries(files)) {
      const slash = path.indexOf("/");
      if (slash >= 0) {
        const directory = path.slice(0, slash);
        inside.set(directory, { ...inside.get(directory), [path.slice(slash + 1)]: content });
      } else if (content === null) {
        entries.delete(path);
      } else {
        const program = typeof content === "object" && "program" in content;
        const data = program ? content.program : content;
        const sha = this.write("blob", Buffer.isBuffer(data) ? data : Buffer.from(data));
        const before = entries.get(path)?.mode ?? "100644";
        const mode = isTreeMode(before) ? "100644" : before;
        entries.set(path, { mode: program ? "100755" : mode, name: path, sha });
      }
    }
    for (const [name, changes] of inside) {
      const existing = entries.get(name);
      const sha = await this.writeTree(existing && isTreeMode(existing.mode) ? existing.sha : "", changes);
      if (sha === EMPTY_TREE) entries.delete(name);
      else entries.set(name, { mode: "40000", name, sha });
    }
    return this.write("tree", formatTree([...entries.values()]));
  }

  /** The entry at a path of a commit's tree; the root is a directory entry with an empty name. */
  async entryAt(tree: string, path: string): Promise<TreeEntry | undefined> {
    let entry: TreeEntry = { mode: "40000", name: "", sha: tree };
    for (const name of path.split("/").filter(Boolean)) {
      if (!isTreeMode(entry.mode)) return undefined;
      const next = (await this.tree(entry.sha))?.find((candidate) => candidate.name === name);
      if (!next) return undefined;
      entry = next;
    }
    return entry;
  }

  async close(): Promise<void> {
    await this.catFile.close();
  }

  private readLoose(sha: string): GitObject | undefined {
    let packed: Buffer;
    try {
      packed = readFileSync(join(this.dir, "objects", sha.slice(0, 2), sha.slice(2)));
    } catch {
      return undefined;
    }
    const raw = inflateSync(packed);
    const zero = raw.indexOf(0);
    return { type: raw.toString("latin1", 0, raw.indexOf(0x20)) as ObjectType, data: raw.subarray(zero + 1) };
  }

  private remember(sha: string, object: GitObject): void {
    this.cache.set(sha, object);
    this.cachedBytes += object.data.length;
    for (const [oldest, { data }] of this.cache) {
      if (this.cachedBytes <= CACHE_LIMIT_BYTES) break;
      this.cache.delete(oldest);
      this.cachedBytes -= data.length;
    }
  }
}
