import { createHash } from "node:crypto";

/** The object formats of git: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects */
export type ObjectType = "blob" | "tree" | "commit" | "tag";
export type GitObject = { type: ObjectType; data: Buffer };
export type TreeEntry = { mode: string; name: string; sha: string };
export type Signature = { name: string; email: string; date: Date };
export type Commit = {
  sha: string;
  tree: string;
  parents: string[];
  author: Signature;
  committer: Signature;
  message: string;
};
export type CommitDraft = Omit<Commit, "sha">;

export function objectSha(type: ObjectType, data: Buffer): string {
  return createHash("sha1").update(`${type} ${data.length}\0`).update(data).digest("hex");
}

/** Directories have the mode 40000 in a tree object, shown as 040000 elsewhere. */
export function isTreeMode(mode: string): boolean {
  return mode === "40000";
}

export function parseTree(data: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const zero = data.indexOf(0, space);
    entries.push({
      mode: data.toString("latin1", at, space),
      name: data.toString("utf8", space + 1, zero),
      sha: data.toString("hex", zero + 1, zero + 21),
    });
    at = zero + 21;
  }
  return entries;
}

/** Git sorts entries by bytes, directories as if their name ended in a slash. */
export function formatTree(entries: TreeEntry[]): Buffer {
  const key = (entry: TreeEntry) => Buffer.from(isTreeMode(entry.mode) ? `${entry.name}/` : entry.name);
  const sorted = [...entries].sort((a, b) => Buffer.compare(key(a), key(b)));
  return Buffer.concat(
    sorted.flatMap((entry) => [Buffer.from(`${entry.mode} ${entry.name}\0`), Buffer.from(entry.sha, "hex")]),
  );
}

function formatSignature({ name, email, date }: Signature): string {
  const clean = (text: string) => text.replace(/[<>\n\0]/g, "");
  return `${clean(name)} <${clean(email)}> ${Math.floor(date.getTime() / 1000)} +0000`;
}

export function formatCommit(commit: CommitDraft): Buffer {
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${formatSignature(commit.author)}`,
    `committer ${formatSignature(commit.committer)}`,
  ];
  return Buffer.from(`${lines.join("\n")}\n\n${commit.message}`);
}

function parseSignature(text: string): Signature {
  const match = /^(.*?) ?<([^>]*)> (\d+)/.exec(text);
  return { name: match?.[1] ?? "", email: match?.[2] ?? "", date: new Date(Number(match?.[3] ?? 0) * 1000) };
}

export function parseCommit(sha: string, data: Buffer): Commit {
  const text = data.toString("utf8");
  const split = text.indexOf("\n\n");
  const header = split < 0 ? text : text.slice(0, split);
  const fields = header
    .split("\n")
    .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]);
  const first = (name: string) => fields.find(([field]) => field === name)?.[1] ?? "";
  return {
    sha,
    tree: first("tree"),
    parents: fields.filter(([field]) => field === "parent").map(([, value]) => value ?? ""),
    author: parseSignature(first("author")),
    committer: parseSignature(first("committer")),
    message: (split < 0 ? "" : text.slice(split + 2)).replace(/\n$/, ""),
  };
}
