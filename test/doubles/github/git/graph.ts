import type { ObjectStore } from "./object-store.ts";
import type { Commit } from "./objects.ts";

const LEFT = 1;
const RIGHT = 2;
const BOTH = LEFT | RIGHT;

/** Walks from both ends, newest first, and paints what each can reach; as git's own paint-down does. */
async function paint(
  store: ObjectStore,
  left: string,
  right: string,
): Promise<Map<string, { commit: Commit; colour: number }>> {
  const seen = new Map<string, { commit: Commit; colour: number }>();
  const queue: { commit: Commit; colour: number }[] = [];
  const push = async (sha: string, colour: number) => {
    const known = seen.get(sha);
    if (known && (known.colour & colour) === colour) return;
    const commit = known?.commit ?? (await store.commit(sha));
    if (!commit) return;
    const next = { commit, colour: (known?.colour ?? 0) | colour };
    seen.set(sha, next);
    const time = commit.committer.date.getTime();
    let at = queue.length;
    while (at > 0 && (queue[at - 1]?.commit.committer.date.getTime() ?? 0) > time) at -= 1;
    queue.splice(at, 0, next);
  };
  await push(left, LEFT);
  await push(right, RIGHT);
  // Commits of one second have no order: a common commit whose parents were painted too early is followed further.
  const unsettled = ({ commit }: { commit: Commit }) =>
    seen.get(commit.sha)?.colour !== BOTH ||
    commit.parents.some((parent) => (seen.get(parent)?.colour ?? BOTH) !== BOTH);
  while (queue.some(unsettled)) {
    const next = queue.pop();
    if (!next) break;
    const colour = seen.get(next.commit.sha)?.colour ?? next.colour;
    for (const parent of next.commit.parents) await push(parent, colour);
  }
  return seen;
}

/** The best common ancestor, or nothing for unrelated histories. */
export async function mergeBase(store: ObjectStore, left: string, right: string): Promise<string | undefined> {
  if (left === right) return left;
  const tips = [await store.commit(left), await store.commit(right)];
  if (tips[1]?.parents.includes(left)) return left;
  if (tips[0]?.parents.includes(right)) return right;
  const seen = await paint(store, left, right);
  const common = [...seen.values()].filter(({ colour }) => colour === BOTH).map(({ commit }) => commit);
  const parents = new Set(common.flatMap((commit) => commit.parents));
  const best = common.filter((commit) => !parents.has(commit.sha));
  best.sort((a, b) => b.committer.date.getTime() - a.committer.date.getTime());
  return best[0]?.sha;
}

/** Commits reachable from `head` and not from `base`, oldest first, parents before children. */
export async function commitsBetween(store: ObjectStore, base: string, head: string): Promise<Commit[]> {
  if (base === head) return [];
  const tip = await store.commit(head);
  if (tip && tip.parents.length === 1 && tip.parents[0] === base) return [tip];
  const seen = await paint(store, base, head);
  const only = new Map(
    [...seen].filter(([, { colour }]) => colour === RIGHT).map(([sha, { commit }]) => [sha, commit]),
  );
  return topological(only, head);
}

export async function isAncestor(store: ObjectStore, ancestor: string, descendant: string): Promise<boolean> {
  return (await mergeBase(store, ancestor, descendant)) === ancestor;
}

function topological(commits: Map<string, Commit>, head: string): Commit[] {
  const ordered: Commit[] = [];
  const done = new Set<string>();
  const stack: { sha: string; expanded: boolean }[] = [{ sha: head, expanded: false }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const commit = commits.get(next.sha);
    if (!commit || done.has(next.sha)) continue;
    if (next.expanded) {
      done.add(next.sha);
      ordered.push(commit);
      continue;
    }
    stack.push({ sha: next.sha, expanded: true });
    for (const parent of [...commit.parents].reverse()) stack.push({ sha: parent, expanded: false });
  }
  return ordered;
}

/** History of a commit, newest first; `limit` bounds how much is read. */
export async function history(store: ObjectStore, from: string, limit: number): Promise<Commit[]> {
  const result: Commit[] = [];
  const seen = new Set([from]);
  const first = await store.commit(from);
  const queue = first ? [first] : [];
  while (queue.length > 0 && result.length < limit) {
    queue.sort((a, b) => b.committer.date.getTime() - a.committer.date.getTime());
    const next = queue.shift();
    if (!next) break;
    result.push(next);
    for (const parent of next.parents) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      const commit = await store.commit(parent);
      if (commit) queue.push(commit);
    }
  }
  return result;
}
