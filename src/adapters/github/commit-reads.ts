import { z } from "zod";
import type { ChangedFile, CommitSummary } from "../../model/pull-request.ts";
import type { CommitTree } from "../../ports/github.ts";
import { shapes, take } from "./shapes.ts";

/** Asks one of GitHub's routes about the repository at hand. */
type Call = (
  route: string,
  parameters: Record<string, unknown>,
) => Promise<{ data: unknown; link: string | undefined }>;

/** GitHub stops a commit's list of files at 3,000. */
const FILES_MAX = 3000;
const PAGES_MAX = 31;
/** Files that a comparison shows at most. */
const COMPARED_FILES_MAX = 300;

/** GitHub's schema does not promise the list; without it nothing is known, which is not the same as no files. */
const listed = z.object({
  files: z.array(shapes.changedFile).nullish(),
  stats: z.object({ total: z.number().nullish() }).nullish(),
  merge_base_commit: z.object({ sha: z.string() }).nullish(),
});

/** https://docs.github.com/en/rest/commits/commits#get-a-commit — all pages of its files. */
export async function readCommit(
  call: Call,
  sha: string,
): Promise<{ summary: CommitSummary; files: ChangedFile[]; complete: boolean }> {
  const files: ChangedFile[] = [];
  let summary: CommitSummary | undefined;
  let complete = true;
  for (let page = 1; ; page++) {
    const { data, link } = await call("GET /repos/{owner}/{repo}/commits/{ref}", { ref: sha, per_page: 100, page });
    summary ??= take(shapes.commitSummary, data);
    const answer = take(listed, data);
    files.push(...(answer.files ?? []));
    if (!answer.files) complete = false;
    if (link?.includes('rel="next"') && page < PAGES_MAX) continue;
    if (link?.includes('rel="next"') || files.length >= FILES_MAX) complete = false;
    // Of a long list GitHub's sum may be cut as well; of a short one it tells of files that the list leaves out.
    const lines = files.reduce((sum, file) => sum + file.additions + file.deletions, 0);
    if (page === 1 && (answer.stats?.total ?? 0) > lines) complete = false;
    return { summary, files, complete };
  }
}

/** https://docs.github.com/en/rest/commits/commits#compare-two-commits — files stand on the first page only. */
export async function readComparison(
  call: Call,
  base: string,
  head: string,
): Promise<{ mergeBase?: string; files: ChangedFile[]; complete: boolean }> {
  const { data } = await call("GET /repos/{owner}/{repo}/compare/{basehead}", {
    basehead: `${base}...${head}`,
    per_page: 1,
  });
  const { files, merge_base_commit } = take(listed, data);
  return {
    ...(merge_base_commit ? { mergeBase: merge_base_commit.sha } : {}),
    files: files ?? [],
    complete: Array.isArray(files) && files.length < COMPARED_FILES_MAX,
  };
}

/** https://docs.github.com/en/rest/git/trees#get-a-tree */
export async function readTree(call: Call, sha: string): Promise<CommitTree> {
  const shape = z.object({
    tree: z.array(
      z.object({
        path: z.string().nullish(),
        mode: z.string().nullish(),
        type: z.string(),
        sha: z.string().nullish(),
        size: z.number().nullish(),
      }),
    ),
    truncated: z.boolean().nullish(),
  });
  const { data } = await call("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", { tree_sha: sha, recursive: "1" });
  const { tree, truncated } = take(shape, data);
  const entries: CommitTree = new Map();
  entries.whole = truncated === false;
  for (const { path, mode, type, sha: entrySha, size } of tree) {
    if (type === "tree" || !path || !entrySha) continue;
    entries.set(path, {
      sha: entrySha,
      ...(mode ? { mode } : {}),
      ...(typeof size === "number" ? { sizeBytes: size } : {}),
    });
  }
  return entries;
}
