import { mergeBase } from "../git/graph.ts";
import { EMPTY_TREE } from "../git/object-store.ts";
import type { Reply, RepositoryCall } from "../http/router.ts";

/** What `Accept: application/vnd.github.<name>` asks for: https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#media-types */
export function mediaType(call: RepositoryCall): string | undefined {
  return /application\/vnd\.github\.(?:v3\.)?(raw|sha|diff|patch|object|html)\b/.exec(call.headers.accept ?? "")?.[1];
}

/** A diff or patch as text, if the request asks for one. */
export async function rawDiff(
  call: RepositoryCall,
  before: string | undefined,
  after: string,
  { threeDots = false } = {},
): Promise<Reply | undefined> {
  const media = mediaType(call);
  if (media !== "diff" && media !== "patch") return undefined;
  const { store } = call.repository.git.network;
  const from = before && threeDots ? ((await mergeBase(store, before, after)) ?? EMPTY_TREE) : (before ?? EMPTY_TREE);
  const args =
    media === "diff"
      ? ["diff", "--no-color", "--no-ext-diff", from, after]
      : from === EMPTY_TREE
        ? ["format-patch", "--stdout", "--root", after]
        : ["format-patch", "--stdout", `${from}..${after}`];
  const { stdout } = await call.site.git.run(store.dir, args);
  return { status: 200, text: stdout, headers: { "content-type": `application/vnd.github.${media}; charset=utf-8` } };
}
