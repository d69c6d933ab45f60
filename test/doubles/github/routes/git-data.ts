import { accountOf } from "../auth.ts";
import { isAncestor } from "../git/graph.ts";
import { isTreeMode } from "../git/objects.ts";
import { ApiError, notFound } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { created, noContent, ok, type RepositoryCall, type Router } from "../http/router.ts";
import { pushRefusal } from "../protection.ts";
import { afterPush } from "../push.ts";
import { gitCommitShape } from "../shapes/commit.ts";
import { nodeId, type Schema } from "../shapes/schema.ts";
import { fullName } from "../state.ts";
import { mediaType } from "./raw-diff.ts";
import { resolveCommit } from "./revision.ts";

const TREE_LIMIT = 100_000;

/** https://docs.github.com/rest/git */
export function gitDataRoutes(router: Router): void {
  const read = { needs: ["contents:read" as const] };
  const write = { needs: ["contents:write" as const], role: "write" as const };
  router.repo("GET /git/ref/{ref*}", read, async (call) => {
    const ref = `refs/${call.params.ref}`;
    const sha = call.repository.git.ref(ref);
    if (!sha) throw notFound();
    return ok(await refShape(call, ref, sha));
  });
  router.repo("GET /git/refs", read, (call) =>
    paginated(call, call.repository.git.list("refs/"), ({ ref, sha }) => refShape(call, ref, sha)),
  );
  router.repo("GET /git/matching-refs/{ref*}", read, (call) =>
    paginated(call, call.repository.git.list(`refs/${call.params.ref}`), ({ ref, sha }) => refShape(call, ref, sha)),
  );
  router.repo("POST /git/refs", write, (call) => moveRef(call, call.body.string("ref"), true));
  router.repo("PATCH /git/refs/{ref*}", write, (call) => moveRef(call, `refs/${call.params.ref}`, false));
  router.repo("DELETE /git/refs/{ref*}", write, (call) => deleteRef(call));
  router.repo("GET /git/commits/{commit_sha}", read, async (call) => {
    const commit = await call.repository.git.network.store.commit(call.params.commit_sha ?? "");
    if (!commit) throw notFound();
    return ok(gitCommitShape(call.site.url, call.repository, commit));
  });
  router.repo("GET /git/trees/{tree_sha*}", read, tree);
  router.repo("GET /git/blobs/{file_sha}", read, async (call) => {
    const sha = call.params.file_sha ?? "";
    const data = await call.repository.git.network.store.blob(sha);
    if (!data) throw notFound();
    if (mediaType(call) === "raw")
      return { status: 200, text: data, headers: { "content-type": "application/vnd.github.raw; charset=utf-8" } };
    const url = `${call.site.url}/repos/${fullName(call.repository)}/git/blobs/${sha}`;
    const content = `${data.toString("base64").replace(/(.{60})(?=.)/g, "$1\n")}\n`;
    return ok({
      sha,
      node_id: nodeId("Blob", sha),
      size: data.length,
      url,
      content,
      encoding: "base64",
    } satisfies Schema<"blob">);
  });
}

async function refShape({ repository, site }: RepositoryCall, ref: string, sha: string): Promise<Schema<"git-ref">> {
  const url = `${site.url}/repos/${fullName(repository)}/git`;
  const type = (await repository.git.network.store.read(sha))?.type ?? "commit";
  return {
    ref,
    node_id: nodeId("Ref", `${repository.id}:${ref}`),
    url: `${url}/${ref}`,
    object: { sha, type, url: `${url}/${type}s/${sha}` },
  };
}

async function moveRef(call: RepositoryCall, ref: string, creates: boolean) {
  const { repository, site, body } = call;
  const after = body.string("sha");
  const by = accountOf(call.actor);
  if (!/^refs\/(heads|tags)\/./.test(ref))
    throw new ApiError(422, "Reference name must start with 'refs/' and have at least two slashes.");
  return repository.git.exclusively(async () => {
    const before = repository.git.ref(ref);
    if (creates && before) throw new ApiError(422, "Reference already exists");
    if (!creates && !before) throw new ApiError(422, "Reference does not exist");
    if (!(await repository.git.network.store.commit(after))) throw new ApiError(422, "Object does not exist");
    if (before && !body.boolean("force", false) && !(await isAncestor(repository.git.network.store, before, after)))
      throw new ApiError(422, "Update is not a fast forward");
    const reason = await pushRefusal(site, repository, { ref, before, after, by });
    if (reason) throw new ApiError(422, reason);
    repository.git.setRef(ref, after);
    await afterPush(site, repository, { ref, before, after, by });
    const shape = await refShape(call, ref, after);
    return creates ? created(shape) : ok(shape);
  });
}

function deleteRef(call: RepositoryCall) {
  const { repository, site } = call;
  const ref = `refs/${call.params.ref}`;
  const by = accountOf(call.actor);
  return repository.git.exclusively(async () => {
    const before = repository.git.ref(ref);
    if (!before) throw new ApiError(422, "Reference does not exist");
    const reason = await pushRefusal(site, repository, { ref, before, after: undefined, by });
    if (reason) throw new ApiError(422, reason);
    repository.git.deleteRef(ref);
    await afterPush(site, repository, { ref, before, after: undefined, by });
    return noContent();
  });
}

async function tree(call: RepositoryCall) {
  const { repository, site, query } = call;
  const { store } = repository.git.network;
  const name = call.params.tree_sha ?? "";
  const commit = await resolveCommit(repository, name);
  const sha = commit ? (await store.commit(commit))?.tree : name;
  if (!sha || !(await store.tree(sha))) throw notFound();
  const url = `${site.url}/repos/${fullName(repository)}/git`;
  const entries: Schema<"git-tree">["tree"] = [];
  const walk = async (at: string, prefix: string): Promise<void> => {
    for (const entry of (await store.tree(at)) ?? []) {
      const directory = isTreeMode(entry.mode);
      const type = directory ? "tree" : entry.mode === "160000" ? "commit" : "blob";
      const size = type === "blob" ? { size: (await store.blob(entry.sha))?.length ?? 0 } : {};
      entries.push({
        path: prefix + entry.name,
        mode: entry.mode.padStart(6, "0"),
        type,
        sha: entry.sha,
        ...size,
        url: `${url}/${type}s/${entry.sha}`,
      });
      if (directory && query.has("recursive")) await walk(entry.sha, `${prefix}${entry.name}/`);
    }
  };
  await walk(sha, "");
  const body: Schema<"git-tree"> = {
    sha: commit ?? sha,
    url: `${url}/trees/${sha}`,
    tree: entries.slice(0, TREE_LIMIT),
    truncated: entries.length > TREE_LIMIT,
  };
  return ok(body);
}
