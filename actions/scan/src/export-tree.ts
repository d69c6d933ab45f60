import { mkdir, open } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import { blobs } from "./blobs.ts";
import type { Git } from "./git.ts";
import { foldersOf, leadsTo } from "./links.ts";
import { isToolConfiguration } from "./neutral.ts";
import { ScanFailure } from "./scan-failure.ts";
import { type Entry, type Tree, treeOf } from "./tree.ts";
import type { Unread } from "./unread.ts";

export const EXPORT_LIMITS = { files: 200_000, fileBytes: 200 * 1024 * 1024, allBytes: 4 * 1024 * 1024 * 1024 };
const MAX_LINK_BYTES = 4096;

/** What a tool is shown of a commit: its files, and nothing else. */
export interface Exported {
  /** Absolute. */
  root: string;
  /** Where they lie below it. Most have the path that they have in the repository. */
  files: ReadonlySet<string>;
  /** Those that lie somewhere else, with the path that they have in the repository. */
  elsewhere: ReadonlyMap<string, string>;
  /** Configuration and ignore files of scanners. They lie elsewhere, so that no tool takes them for its own. */
  configuration: string[];
  /** What the commit has no content of, or too much. */
  unread: Unread[];
}

/**
 * Writes the files of a commit into an empty folder as git holds them: no filters, no attributes, no links, no `.git`, and under another
 * name what configures a scanner. `rewrite` may change a text without changing its length or lines.
 * @throws {ScanFailure}
 */
export async function exportTree(
  repository: Git,
  sha: string,
  root: string,
  rewrite: (text: Buffer) => Buffer = (text) => text,
  limits: Readonly<typeof EXPORT_LIMITS> = EXPORT_LIMITS,
): Promise<Exported> {
  const tree = await treeOf(repository, sha);
  const unread: Unread[] = tree.submodules.map((path) => ({
    path,
    why: "What is in a submodule is not in the commit.",
  }));
  const all = [...tree.files, ...(await linkedFiles(repository, tree, unread))];
  const wanted = all.filter(({ sizeBytes }) => sizeBytes <= limits.fileBytes);
  for (const { path, sizeBytes } of all)
    if (sizeBytes > limits.fileBytes) unread.push({ path, why: "The file is larger than scanners read." });
  const allBytes = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (wanted.length > limits.files)
    throw new ScanFailure(`The commit has ${wanted.length} files; ${limits.files} at most are scanned.`);
  if (allBytes > limits.allBytes)
    throw new ScanFailure(`The commit's files have ${allBytes} bytes; ${limits.allBytes} at most are scanned.`);
  await mkdir(root, { recursive: true });
  const layout = new Layout(root, new Set(all.map(({ path }) => path)));
  let at = 0;
  for await (const content of blobs(
    repository,
    wanted.map(({ id }) => id),
  )) {
    const path = wanted[at++]?.path ?? "";
    if (isPointer(path, content)) unread.push({ path, why: "Git LFS has this file; the commit only points at it." });
    await layout.write(path, rewrite(content));
    const decoded = fromUtf16(content);
    if (decoded) await layout.writeBeside(path, rewrite(decoded));
  }
  return {
    root,
    files: layout.files,
    elsewhere: layout.elsewhere,
    configuration: tree.files.map(({ path }) => path).filter(isToolConfiguration),
    unread,
  };
}

/**
 * Links to files, with the content of those: under the link's name a tool may see what it would not look at under the file's. Under the
 * same name it would see it twice.
 */
async function linkedFiles(repository: Git, { files, links, submodules }: Tree, unread: Unread[]): Promise<Entry[]> {
  const short = links.filter(({ sizeBytes }) => sizeBytes <= MAX_LINK_BYTES);
  const targets = new Map<string, string>();
  let at = 0;
  for await (const content of blobs(
    repository,
    short.map(({ id }) => id),
  ))
    targets.set(short[at++]?.path ?? "", content.toString("utf8"));
  const byPath = new Map(files.map((entry) => [entry.path, entry]));
  const folders = foldersOf([...files, ...links].map(({ path }) => path));
  for (const path of submodules) folders.add(path);
  return links.flatMap(({ path }) => {
    const target = targets.has(path) ? leadsTo(path, targets) : undefined;
    const file = target === undefined ? undefined : byPath.get(target);
    if (file) return basename(file.path) === basename(path) ? [] : [{ ...file, path }];
    if (target === undefined || !folders.has(target))
      unread.push({ path, why: "This link leads to nothing that is in the commit." });
    return [];
  });
}

/** Puts files where tools shall see them. */
class Layout {
  readonly files = new Set<string>();
  readonly elsewhere = new Map<string, string>();
  private readonly root: string;
  /** Paths of the repository, which nothing else may have. */
  private readonly taken: ReadonlySet<string>;
  private readonly made = new Set<string>();

  constructor(root: string, taken: ReadonlySet<string>) {
    this.root = root;
    this.taken = taken;
  }

  async write(path: string, content: Buffer): Promise<void> {
    if (!isToolConfiguration(path)) return this.put(path, path, content);
    const [folder, name] = [posix.dirname(path), posix.basename(path)];
    const free = this.free((mark) => posix.join(folder, `${mark}.${name.replace(/^\.+/, "")}`));
    return this.put(free, path, content);
  }

  /** Another view of a file that stands there already, under its own name in a folder of its own. */
  async writeBeside(path: string, content: Buffer): Promise<void> {
    const [folder, name] = [posix.dirname(path), posix.basename(path)];
    const shown = isToolConfiguration(path) ? name.replace(/^\.*/, "seen.") : name;
    await this.put(
      this.free((mark) => posix.join(folder, mark, shown)),
      path,
      content,
    );
  }

  private free(pathWith: (mark: string) => string): string {
    for (let number = 1; ; number += 1) {
      const path = pathWith(`hms-scan-shows-${number}`);
      if (!this.taken.has(path) && !this.files.has(path)) return path;
    }
  }

  private async put(path: string, own: string, content: Buffer): Promise<void> {
    const folder = dirname(join(this.root, path));
    const refused = (error: NodeJS.ErrnoException): never => {
      throw new ScanFailure(
        `A file of the commit cannot be written (${error.code}): ${JSON.stringify(own).slice(0, 300)}`,
      );
    };
    if (!this.made.has(folder)) await mkdir(folder, { recursive: true }).catch(refused);
    this.made.add(folder);
    // Of files without an extension tools look at those that can be executed and say by what. `wx`: two names that this file system takes
    // for one must not hide one another.
    const mode = content.subarray(0, 2).toString("latin1") === "#!" ? 0o700 : 0o600;
    const file = await open(join(this.root, path), "wx", mode).catch(refused);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    this.files.add(path);
    if (path !== own) this.elsewhere.set(path, own);
  }
}

const POINTER = /^version https?:\/\/(?:git-lfs\.github\.com|hawser\.github\.com|git-media\.io)\//;
const MAX_POINTER_BYTES = 1024;
/** Files that no scanner looks into, which is what Git LFS is for. */
const NOTHING_TO_READ =
  /\.(?:avif|bmp|gif|icns|ico|jpe?g|png|psd|svgz|tga|tiff?|webp|aac|avi|flac|m4[av]|mkv|mov|mp[34]|ogg|opus|wav|webm|eot|otf|ttf|woff2?|pdf|blend|fbx|glb|obj|stl|uasset|umap|ckpt|gguf|h5|np[yz]|onnx|parquet|pb|pth?|safetensors|tflite|7z|bin|bz2|dll|dylib|exe|gz|iso|jar|msi|nupkg|rar|so|tar|tgz|war|xz|zip|zst)$/i;

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
function isPointer(path: string, content: Buffer): boolean {
  if (content.length > MAX_POINTER_BYTES || NOTHING_TO_READ.test(path)) return false;
  return POINTER.test(content.toString("latin1"));
}

/** As UTF-8, if it begins as UTF-16 does: compilers, browsers and package managers read that, scanners do not. */
function fromUtf16(content: Buffer): Buffer | undefined {
  const mark = content.subarray(0, 2).toString("hex");
  if (mark !== "fffe" && mark !== "feff") return undefined;
  return Buffer.from(new TextDecoder(mark === "fffe" ? "utf-16le" : "utf-16be").decode(content), "utf8");
}
