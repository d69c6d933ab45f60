import { accountOf } from "../auth.ts";
import { commitFiles } from "../commits.ts";
import { isBinary } from "../git/diff.ts";
import { isTreeMode, type TreeEntry } from "../git/objects.ts";
import { ApiError, invalidRequest, notFound } from "../http/errors.ts";
import type { Reply, RepositoryCall, Router } from "../http/router.ts";
import { gitCommitShape } from "../shapes/commit.ts";
import { contentEntryShape, contentFileShape } from "../shapes/content.ts";
import { mediaType } from "./raw-diff.ts";
import { resolveCommit } from "./revision.ts";

/** https://docs.github.com/rest/repos/contents */
export function contentRoutes(router: Router): void {
  const read = { needs: ["contents:read" as const] };
  const write = { needs: ["contents:write" as const], role: "write" as const };
  router.repo("GET /contents", read, get);
  router.repo("GET /contents/{path*}", read, get);
  router.repo("PUT /contents/{path*}", write, put);
  router.repo("DELETE /contents/{path*}", write, remove);
}

const DEFAULT_LIMIT = 1024 * 1024;

async function get(call: RepositoryCall): Promise<Reply> {
  const { repository, site } = call;
  const path = call.params.path ?? "";
  const { store } = repository.git.network;
  const name = call.query.get("ref") ?? repository.defaultBranch;
  const sha = await resolveCommit(repository, name);
  const commit = sha ? await store.commit(sha) : undefined;
  if (!commit)
    throw notFound(call.query.has("ref") ? `No commit found for the ref ${name}` : "This repository is empty.");
  const entry = await store.entryAt(commit.tree, path);
  if (!entry) throw notFound();
  const media = mediaType(call);
  if (isTreeMode(entry.mode)) {
    if (media === "raw") throw new ApiError(415, "Unsupported media type");
    const entries = (await store.tree(entry.sha)) ?? [];
    const shaped = await Promise.all(
      entries.map(async (child) =>
        contentEntryShape(
          site.url,
          repository,
          child,
          path ? `${path}/${child.name}` : child.name,
          name,
          await sizeOf(call, child),
        ),
      ),
    );
    return {
      status: 200,
      body:
        media === "object"
          ? { ...contentEntryShape(site.url, repository, entry, path, name, 0), entries: shaped }
          : shaped,
    };
  }
  const data = (await store.blob(entry.sha)) ?? Buffer.alloc(0);
  if (media === "raw") {
    return {
      status: 200,
      text: data,
      headers: { "content-type": `application/vnd.github.raw${isBinary(data) ? "" : "; charset=utf-8"}` },
    };
  }
  return { status: 200, body: contentFileShape(site.url, repository, entry, path, name, data, DEFAULT_LIMIT) };
}

async function sizeOf({ repository }: RepositoryCall, entry: TreeEntry): Promise<number> {
  return isTreeMode(entry.mode) ? 0 : ((await repository.git.network.store.blob(entry.sha))?.length ?? 0);
}

async function put(call: RepositoryCall): Promise<Reply> {
  const content = call.body.string("content");
  if (!/^[A-Za-z0-9+/=\s]*$/.test(content)) throw new ApiError(422, "content is not valid Base64");
  return write(call, Buffer.from(content, "base64"));
}

async function remove(call: RepositoryCall): Promise<Reply> {
  if (!call.body.has("sha")) throw invalidRequest(`"sha" wasn't supplied.`);
  return write(call, null);
}

/** The blob's SHA has to be given to change a file that is there. */
async function write(call: RepositoryCall, data: Buffer | null): Promise<Reply> {
  const { repository, site, body } = call;
  const path = call.params.path ?? "";
  const branch = body.optionalString("branch") ?? repository.defaultBranch;
  const { store } = repository.git.network;
  const message = body.string("message");
  return repository.git.exclusively(async () => {
    const tip = repository.git.branch(branch);
    const commit = tip ? await store.commit(tip) : undefined;
    if (!commit && branch !== repository.defaultBranch) throw notFound(`Branch ${branch} not found`);
    const known = commit ? await store.entryAt(commit.tree, path) : undefined;
    if (data === null && !known) throw notFound();
    const given = body.optionalString("sha");
    if (known && given === undefined) throw invalidRequest(`"sha" wasn't supplied.`);
    if (known && given !== known.sha) throw new ApiError(409, `${path} does not match ${given}`);
    const sha = await commitFiles(site, repository, branch, {
      files: { [path]: data },
      author: accountOf(call.actor),
      message,
      enforce: true,
    });
    const after = await store.commit(sha);
    if (!after) throw new Error("a commit just written is not there");
    const entry = data === null ? undefined : await store.entryAt(after.tree, path);
    const content = entry && data ? contentEntryShape(site.url, repository, entry, path, branch, data.length) : null;
    return { status: known ? 200 : 201, body: { content, commit: gitCommitShape(site.url, repository, after) } };
  });
}
