import { mergeBase } from "./graph.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Commit, Signature } from "./objects.ts";
import type { GitProcesses } from "./process.ts";

/** The merged tree, or nothing on a conflict. */
export async function mergeTrees(
  store: ObjectStore,
  processes: GitProcesses,
  base: string,
  head: string,
): Promise<string | undefined> {
  const common = await mergeBase(store, base, head);
  const [baseCommit, headCommit] = [await store.commit(base), await store.commit(head)];
  if (!baseCommit || !headCommit || common === undefined) return undefined;
  if (common === base) return headCommit.tree;
  if (common === head) return baseCommit.tree;
  return threeWay(store, processes, base, head);
}

async function threeWay(
  store: ObjectStore,
  processes: GitProcesses,
  ours: string,
  theirs: string,
): Promise<string | undefined> {
  const { code, stdout } = await processes.run(
    store.dir,
    ["merge-tree", "--write-tree", "--no-messages", ours, theirs],
    {
      okCodes: [0, 1],
    },
  );
  return code === 0 ? stdout.toString("latin1").slice(0, 40) : undefined;
}

/**
 * Replays commits on another base, as GitHub's "rebase and merge" does: always new commits, merge commits left out.
 * Nothing on a conflict.
 */
export async function rebase(
  store: ObjectStore,
  processes: GitProcesses,
  commits: Commit[],
  onto: string,
  committer: Signature,
): Promise<string | undefined> {
  let tip = onto;
  for (const commit of commits.filter(({ parents }) => parents.length < 2)) {
    const tree = await cherryPick(store, processes, commit, tip, committer);
    if (!tree) return undefined;
    tip = store.writeCommit({ tree, parents: [tip], author: commit.author, committer, message: commit.message });
  }
  return tip;
}

/** git 2.39 has no `merge-tree --merge-base`: three made-up commits give it the history it needs. */
async function cherryPick(
  store: ObjectStore,
  processes: GitProcesses,
  commit: Commit,
  onto: string,
  by: Signature,
): Promise<string | undefined> {
  const parent = await store.commit(commit.parents[0] ?? "");
  const base = await store.commit(onto);
  if (!parent || !base) return undefined;
  if (parent.tree === base.tree) return commit.tree;
  const stub = (tree: string, parents: string[]) =>
    store.writeCommit({ tree, parents, author: by, committer: by, message: "pick" });
  const root = stub(parent.tree, []);
  return threeWay(store, processes, stub(base.tree, [root]), stub(commit.tree, [root]));
}
