import { isTreeMode, type TreeEntry } from "../git/objects.ts";
import { fullName, type Repository } from "../state.ts";
import type { Schema } from "./schema.ts";

function links(base: string, repository: Repository, entry: TreeEntry, path: string, ref: string) {
  const kind = isTreeMode(entry.mode) ? "tree" : "blob";
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  const url = `${base}/repos/${fullName(repository)}/contents/${encoded}?ref=${encodeURIComponent(ref)}`;
  const git = `${base}/repos/${fullName(repository)}/git/${kind}s/${entry.sha}`;
  const html = `${base}/${fullName(repository)}/${kind}/${ref}/${encoded}`;
  return { url, git, html, download: kind === "blob" ? `${base}/raw/${fullName(repository)}/${ref}/${encoded}` : null };
}

/** One entry of a directory listing. */
export function contentEntryShape(
  base: string,
  repository: Repository,
  entry: TreeEntry,
  path: string,
  ref: string,
  size: number,
) {
  const { url, git, html, download } = links(base, repository, entry, path, ref);
  const type = isTreeMode(entry.mode)
    ? "dir"
    : entry.mode === "120000"
      ? "symlink"
      : entry.mode === "160000"
        ? "submodule"
        : "file";
  return {
    name: path.split("/").at(-1) ?? "",
    path,
    sha: entry.sha,
    size,
    url,
    html_url: html,
    git_url: git,
    download_url: download,
    type,
    _links: { self: url, git, html },
  };
}

/** A file with its content, or without it when it is larger than 1 MB. */
export function contentFileShape(
  base: string,
  repository: Repository,
  entry: TreeEntry,
  path: string,
  ref: string,
  data: Buffer,
  limitBytes: number,
): Schema<"content-file"> {
  const large = data.length > limitBytes;
  return {
    ...contentEntryShape(base, repository, entry, path, ref, data.length),
    type: "file",
    content: large ? "" : `${data.toString("base64").replace(/(.{60})(?=.)/g, "$1\n")}\n`,
    encoding: large ? "none" : "base64",
  };
}
