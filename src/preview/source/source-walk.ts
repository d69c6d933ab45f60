import { posix } from "node:path";
import type { PreviewReason } from "../../model/preview.ts";

/** A commit's files, and the texts of some of them. */
export interface SourceFiles {
  /** All of the commit's files, links and submodules by path. */
  entries: ReadonlyMap<string, { mode?: string; sizeBytes?: number }>;
  /** What was read so far; null: it is not UTF-8. */
  texts: ReadonlyMap<string, string | null>;
}

/** Most that is read of one file that says which others are read. */
export const TEXT_BYTES_MAX = 256 * 1024;
const FILE_BYTES_MAX = 5 * 1024 * 1024;
const ALL_BYTES_MAX = 20 * 1024 * 1024;
const FILES_MAX = 2000;
const PROBLEMS_MAX = 20;

/** Collects what a component's manifests are made of, what is wrong with it, and which texts have to be read to know. */
export class SourceWalk {
  readonly needs = new Set<string>();
  readonly problems: PreviewReason[] = [];
  readonly files: SourceFiles;
  readonly #component: string;
  readonly #folders: ReadonlyMap<string, readonly string[]>;
  readonly #taken = new Set<string>();
  #bytes = 0;

  constructor(files: SourceFiles, component: string) {
    this.files = files;
    this.#component = component;
    this.#folders = foldersOf(files.entries.keys());
  }

  refuse(file: string, message: string, object?: string): undefined {
    if (this.problems.length >= PROBLEMS_MAX) return;
    this.problems.push({
      cause: "source",
      message: `${shown(file)}: ${message}`,
      component: this.#component,
      file,
      ...(object === undefined ? {} : { object }),
      awaits: "people",
    });
  }

  hasFolder(path: string): boolean {
    return this.#folders.has(path);
  }

  /** Paths of the files directly in a folder. */
  filesIn(folder: string): readonly string[] {
    return this.#folders.get(folder) ?? [];
  }

  /** Paths of all files below a folder. */
  filesBelow(folder: string): string[] {
    const prefix = folder === "." ? "" : `${folder}/`;
    return [...this.files.entries.keys()].filter((path) => path.startsWith(prefix));
  }

  /** Takes a file for part of the manifests; false where it may not be. */
  take(path: string): boolean {
    if (this.#taken.has(path)) return true;
    const entry = this.files.entries.get(path);
    if (!entry) return this.refuse(path, "is not there at this commit") ?? false;
    if (entry.mode === "120000") return this.refuse(path, "is a symbolic link, which could lead anywhere") ?? false;
    if (entry.mode === "160000") return this.refuse(path, "is a submodule, which could be anything") ?? false;
    if (entry.mode !== "100644" && entry.mode !== "100755") return this.refuse(path, "is not a plain file") ?? false;
    const size = entry.sizeBytes ?? Number.POSITIVE_INFINITY;
    if (size > FILE_BYTES_MAX) return this.refuse(path, `is larger than ${FILE_BYTES_MAX >> 20} MiB`) ?? false;
    this.#taken.add(path);
    this.#bytes += size;
    if (this.#taken.size === FILES_MAX + 1) this.refuse(path, `is one of more than ${FILES_MAX} files`);
    if (this.#bytes > ALL_BYTES_MAX && this.#bytes - size <= ALL_BYTES_MAX)
      this.refuse(path, `is part of more than ${ALL_BYTES_MAX >> 20} MiB of manifests`);
    return true;
  }

  /** The text of a file that it takes; undefined where it may not be, or has to be read first. */
  read(path: string): string | undefined {
    if (!this.take(path)) return undefined;
    if ((this.files.entries.get(path)?.sizeBytes ?? Number.POSITIVE_INFINITY) > TEXT_BYTES_MAX)
      return this.refuse(path, `is larger than ${TEXT_BYTES_MAX >> 10} KiB`);
    const text = this.files.texts.get(path);
    if (text === undefined) this.needs.add(path);
    else if (text === null) return this.refuse(path, "is not UTF-8 text");
    return text ?? undefined;
  }

  /**
   * The path that a file means by a path relative to its own folder; undefined where it means something else. Kustomize takes much for an address
   * (`git@…`, `github.com/…`, `https:…`, `…?ref=`), so that only what cannot be one counts as a path.
   */
  local(file: string, text: unknown): string | undefined {
    if (typeof text !== "string" || text === "") return this.refuse(file, "has an entry that is not a path");
    const remote = /[:?#%\\]|\/\/|^[^/]*@|^(?:[\w-]+\.)*github\.com/i.test(text);
    if (remote) return this.refuse(file, `${shown(text)} is not in this repository: remote sources are not previewed`);
    if (text.startsWith("/") || !/^[\p{L}\p{N}_./@+=, -]+$/u.test(text) || text.length > 500)
      return this.refuse(file, `${shown(text)} is not a relative path of this repository`);
    const path = posix.join(posix.dirname(file), text).replace(/(?<=.)\/+$/, "");
    if (path === ".." || path.startsWith("../")) return this.refuse(file, `${shown(text)} leads out of the repository`);
    return path;
  }
}

/** A text of the source, in one line of a message. */
export function shown(text: string): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, " ");
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}

function foldersOf(paths: Iterable<string>): Map<string, string[]> {
  const folders = new Map<string, string[]>([[".", []]]);
  for (const path of paths) {
    let folder = posix.dirname(path);
    const known = folders.get(folder);
    if (known) known.push(path);
    else folders.set(folder, [path]);
    while (folder !== ".") {
      folder = posix.dirname(folder);
      if (folders.has(folder)) break;
      folders.set(folder, []);
    }
  }
  return folders;
}
