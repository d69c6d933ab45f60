import type { Pull } from "./pull-state.ts";
import type { Repository } from "./state.ts";

/** Open pull requests by what a push can change. */
export class PullIndex {
  private readonly byHead = new Map<string, Set<Pull>>();
  private readonly bySha = new Map<string, Set<Pull>>();
  private readonly byBase = new Map<string, Set<Pull>>();

  add(pull: Pull): void {
    for (const [map, key] of this.keys(pull)) map.set(key, (map.get(key) ?? new Set()).add(pull));
  }

  remove(pull: Pull): void {
    for (const [map, key] of this.keys(pull)) {
      const pulls = map.get(key);
      pulls?.delete(pull);
      if (pulls?.size === 0) map.delete(key);
    }
  }

  /** Changes head or base of a pull request, open or not. */
  change(pull: Pull, change: () => void): void {
    const open = pull.issue.state === "open";
    if (open) this.remove(pull);
    change();
    if (open) this.add(pull);
  }

  withHead(repository: Repository, ref: string): Pull[] {
    return [...(this.byHead.get(`${repository.id}:${ref}`) ?? [])];
  }

  /** Pull requests *into* a repository with that head commit, wherever it lives. */
  withSha(repository: Repository, sha: string): Pull[] {
    return [...(this.bySha.get(`${repository.id}:${sha}`) ?? [])];
  }

  withBase(repository: Repository, ref: string): Pull[] {
    return [...(this.byBase.get(`${repository.id}:${ref}`) ?? [])];
  }

  private keys(pull: Pull): [Map<string, Set<Pull>>, string][] {
    return [
      [this.byHead, `${pull.head.repository?.id ?? 0}:${pull.head.ref}`],
      [this.bySha, `${pull.base.repository.id}:${pull.head.sha}`],
      [this.byBase, `${pull.base.repository.id}:${pull.base.ref}`],
    ];
  }
}
