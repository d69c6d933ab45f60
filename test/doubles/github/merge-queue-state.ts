import type { Pull } from "./pull-state.ts";
import type { Account, Repository } from "./state.ts";

/** The commit and the temporary branch that GitHub made for one entry, stacked on the entries before it. */
export type MergeGroup = { ref: string; sha: string; baseSha: string; requestedAt: Date };

export type QueueEntry = {
  pull: Pull;
  /** The head that was queued: a push takes the entry out. */
  headSha: string;
  by: Account;
  addedAt: Date;
  group: MergeGroup | undefined;
  /** What the merge itself brings besides the pull request: path → text. */
  brings: Record<string, string>;
};

export type MergeQueue = {
  branch: string;
  entries: QueueEntry[];
  /** Looks at the queue again soon: a check reported, a ref moved, a pull request changed. */
  wake: () => void;
};

export function wakeQueues(repository: Repository): void {
  for (const queue of repository.queues.values()) queue.wake();
}
