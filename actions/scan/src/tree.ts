import { type Git, git } from "./git.ts";
import { ScanFailure } from "./scan-failure.ts";

const MAX_LISTING_BYTES = 512 * 1024 * 1024;

/** What a commit holds under a path. */
export interface Entry {
  path: string;
  id: string;
  sizeBytes: number;
}

/** The entries of a commit's tree, told apart. */
export interface Tree {
  files: Entry[];
  links: Entry[];
  submodules: string[];
}

/** @throws {ScanFailure} */
export async function treeOf(repository: Git, sha: string): Promise<Tree> {
  const listed = await git(repository, ["ls-tree", "-r", "-z", "--long", "--full-tree", sha], MAX_LISTING_BYTES);
  const tree: Tree = { files: [], links: [], submodules: [] };
  for (const line of listed.toString("utf8").split("\0")) if (line !== "") add(line, tree);
  return tree;
}

function add(line: string, { files, links, submodules }: Tree): void {
  const match = /^(\d{6}) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)$/s.exec(line);
  if (!match) throw new ScanFailure("git lists the commit's files in a form that is not known.");
  const [, mode = "", type = "", id = "", size = "", path = ""] = match;
  if (!isSafe(path)) throw new ScanFailure("The commit has a file whose path no checkout could have.");
  const entry = { path, id, sizeBytes: size === "-" ? 0 : Number(size) };
  if (type === "commit") submodules.push(path);
  else if (mode === "120000") links.push(entry);
  else files.push(entry);
}

/** Git refuses such trees, but who pushes them need not use git. */
function isSafe(path: string): boolean {
  return path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && part.toLowerCase() !== ".git");
}
