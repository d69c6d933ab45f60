import { isAncestor } from "./git/graph.ts";
import { mergeTrees } from "./git/merge.ts";
import { unmetRequirements } from "./protection.ts";
import type { Pull } from "./pull-state.ts";
import { emailOf } from "./shapes/commit.ts";
import { later, type Site } from "./site.ts";

/** https://docs.github.com/graphql/reference/enums#mergestatestatus in REST's lower case. */
export function mergeableState(site: Site, pull: Pull): string {
  const result = pull.mergeability?.result;
  if (!result || result === "pending") return "unknown";
  if (result === "conflict") return "dirty";
  if (pull.draft) return "draft";
  const unmet = unmetRequirements(site, pull);
  if (unmet.some(({ kind }) => kind === "behind")) return "behind";
  if (unmet.length > 0) return "blocked";
  const latest = new Map(
    (pull.base.repository.checkRuns.get(pull.head.sha) ?? []).map((run) => [`${run.suite.app.id} ${run.name}`, run]),
  );
  const fine = ["success", "neutral", "skipped"];
  return [...latest.values()].every(({ conclusion }) => fine.includes(conclusion ?? "")) ? "clean" : "unstable";
}

/**
 * GitHub works mergeability out in the background when someone asks; until then it is null.
 * https://docs.github.com/rest/pulls/pulls#get-a-pull-request
 */
export function requestMergeability(site: Site, pull: Pull): void {
  const { repository } = pull.base;
  const base = repository.git.branch(pull.base.ref);
  if (!base || pull.issue.state !== "open") return;
  const known = pull.mergeability;
  if (known?.head === pull.head.sha && known.base === base) return;
  pull.mergeability = { head: pull.head.sha, base, result: "pending" };
  later(site, () => workOutMergeability(site, pull));
}

export async function workOutMergeability(site: Site, pull: Pull): Promise<void> {
  const { repository, ref } = pull.base;
  const base = repository.git.branch(ref);
  const head = pull.head.sha;
  if (!base) return;
  const { store } = repository.git.network;
  const behind = !(await isAncestor(store, base, head));
  const tree = await mergeTrees(store, site.git, base, head);
  if (pull.head.sha !== head || pull.issue.state !== "open") return;
  if (!tree) {
    pull.mergeability = { head, base, result: "conflict", behind };
    return;
  }
  const { user } = pull.issue;
  const author = { name: user.login, email: emailOf(user), date: site.now() };
  const commit = store.writeCommit({
    tree,
    parents: [base, head],
    author,
    committer: { name: "GitHub", email: "noreply@github.com", date: site.now() },
    message: `Merge ${head} into ${base}`,
  });
  repository.git.setRef(`refs/pull/${pull.number}/merge`, commit);
  pull.mergeability = { head, base, result: { tree, commit }, behind };
}
