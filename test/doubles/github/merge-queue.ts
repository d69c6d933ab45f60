import { commitsBetween } from "./git/graph.ts";
import { mergeTrees, rebase } from "./git/merge.ts";
import type { Commit, Signature } from "./git/objects.ts";
import { ApiError } from "./http/errors.ts";
import { setIssueState } from "./issues.ts";
import type { MergeGroup, MergeQueue, QueueEntry } from "./merge-queue-state.ts";
import { workOutMergeability } from "./mergeable-state.ts";
import { mergeQueueRule, requiredCheckState, requirementsOf, unmetRequirements } from "./protection.ts";
import type { MergeQueueParameters } from "./protection-state.ts";
import { emitPull } from "./pull-events.ts";
import type { Pull } from "./pull-state.ts";
import { moveBranch } from "./push.ts";
import { emailOf } from "./shapes/commit.ts";
import { timestamp } from "./shapes/schema.ts";
import { later, type Site } from "./site.ts";
import type { Account, Repository } from "./state.ts";

/*
 * https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
 * Every entry gets a commit on top of the entries before it, on a branch `gh-readonly-queue/<base>/pr-<number>-<sha it stands on>`.
 * The required checks of the base branch have to pass there. An entry whose checks fail leaves, and those behind it are built anew.
 */

type Place = { site: Site; repository: Repository; queue: MergeQueue };
/** https://docs.github.com/webhooks/webhook-events-and-payloads#pull_request, `dequeued` */
type Removal = "MANUAL" | "MERGE" | "MERGE_CONFLICT" | "CI_FAILURE" | "CI_TIMEOUT" | "QUEUE_CLEARED";

const BOT = "github-merge-queue[bot]";

/** "Merge when ready", for a pull request that is ready. Refused while anything that the base branch asks for is missing. */
export async function enqueuePull(
  site: Site,
  pull: Pull,
  request: { by: Account; jump?: boolean; brings?: Record<string, string> },
): Promise<void> {
  const { repository, ref } = pull.base;
  await repository.git.exclusively(async () => {
    if (!mergeQueueRule(repository, ref)) throw new ApiError(422, "Merge queues are not enabled for this branch.");
    if (pull.issue.state !== "open" || pull.draft) throw new ApiError(422, "Pull request is not mergeable");
    await workOutMergeability(site, pull);
    if (pull.mergeability?.result === "conflict") throw new ApiError(422, "Pull request has merge conflicts");
    const unmet = unmetRequirements(site, pull);
    if (unmet.length > 0) throw new ApiError(422, unmet.map(({ message }) => message).join(" "));
    const queue = queueOf(site, repository, ref);
    if (queue.entries.some((entry) => entry.pull === pull)) throw new ApiError(422, "Pull request is already queued");
    const { by, brings = {} } = request;
    const entry: QueueEntry = { pull, headSha: pull.head.sha, by, addedAt: site.now(), group: undefined, brings };
    if (request.jump) queue.entries.unshift(entry);
    else queue.entries.push(entry);
    await emitPull(site, pull, "enqueued", by);
    queue.wake();
  });
}

/** "Remove from queue". */
export async function dequeuePull(site: Site, pull: Pull, by: Account): Promise<void> {
  const { repository, ref } = pull.base;
  await repository.git.exclusively(async () => {
    const queue = queueOf(site, repository, ref);
    const entry = queue.entries.find((one) => one.pull === pull);
    if (!entry) throw new ApiError(422, "Pull request is not in the merge queue");
    await remove({ site, repository, queue }, entry, "MANUAL", by);
    queue.wake();
  });
}

function queueOf(site: Site, repository: Repository, branch: string): MergeQueue {
  const known = repository.queues.get(branch);
  if (known) return known;
  let waking = false;
  const queue: MergeQueue = {
    branch,
    entries: [],
    wake() {
      if (waking || queue.entries.length === 0) return;
      waking = true;
      later(site, () =>
        repository.git.exclusively(async () => {
          waking = false;
          await advance({ site, repository, queue });
        }),
      );
    },
  };
  repository.queues.set(branch, queue);
  return queue;
}

async function advance(place: Place): Promise<void> {
  const { site, repository, queue } = place;
  for (;;) {
    const rule = mergeQueueRule(repository, queue.branch);
    const gone = queue.entries.find(({ pull, headSha }) => pull.issue.state !== "open" || pull.head.sha !== headSha);
    if (gone) await remove(place, gone, "MANUAL", botOf(site));
    else if (!rule && queue.entries[0]) await remove(place, queue.entries[0], "QUEUE_CLEARED", botOf(site));
    else if (rule && !(await build(place, rule)) && !(await settleFront(place, rule))) return;
    if (queue.entries.length === 0) return;
  }
}

/** Groups for the first entries, each on the one before. True when an entry had to leave. */
async function build(place: Place, rule: MergeQueueParameters): Promise<boolean> {
  const { repository, queue } = place;
  let on = repository.git.branch(queue.branch) ?? "";
  for (const [index, entry] of queue.entries.entries()) {
    if (entry.group && entry.group.baseSha !== on) await destroy(place, entry, "invalidated");
    if (!entry.group) {
      if (index >= rule.max_entries_to_build) continue;
      const sha = await groupCommit(place, entry, on, rule.merge_method);
      if (!sha) {
        await remove(place, entry, "MERGE_CONFLICT", botOf(place.site));
        return true;
      }
      await request(place, entry, sha, on);
    }
    on = entry.group?.sha ?? on;
  }
  return false;
}

/** Merges what passed, takes out what failed. True when something changed. */
async function settleFront(place: Place, rule: MergeQueueParameters): Promise<boolean> {
  const { site, repository, queue } = place;
  const now = site.now().getTime();
  const candidates = queue.entries.slice(0, rule.max_entries_to_merge).filter(({ group }) => group);
  const states = candidates.map(({ group }) => stateOf(repository, queue.branch, group?.sha ?? ""));
  const timedOut = candidates.map(
    ({ group }, at) =>
      states[at] === "pending" &&
      now - (group?.requestedAt.getTime() ?? now) > rule.check_response_timeout_minutes * 60_000,
  );
  const leading = states.findIndex((state) => state !== "met");
  const allGreen = leading < 0 ? states.length : leading;
  const green = rule.grouping_strategy === "ALLGREEN" ? allGreen : states.lastIndexOf("met") + 1;
  const waited = now - (queue.entries[0]?.addedAt.getTime() ?? now) >= rule.min_entries_to_merge_wait_minutes * 60_000;
  if (green > 0 && (green >= rule.min_entries_to_merge || waited)) {
    await land(place, candidates.slice(0, green));
    return true;
  }
  // Of an entry behind one that is still pending nobody knows yet whose fault it is.
  const first = candidates[green];
  if (!first || !(states[green] === "failing" || timedOut[green])) return false;
  const untold = states.slice(green + 1).some((state) => state === "pending");
  if (rule.grouping_strategy === "HEADGREEN" && untold && !timedOut[green]) return false;
  await remove(place, first, timedOut[green] ? "CI_TIMEOUT" : "CI_FAILURE", botOf(site));
  return true;
}

function stateOf(repository: Repository, branch: string, sha: string): "met" | "pending" | "failing" {
  const checks = requirementsOf(repository, branch).flatMap((requirements) => requirements.checks);
  const states = checks.map((check) => requiredCheckState(repository, sha, check));
  if (states.includes("failing")) return "failing";
  return states.every((state) => state === "met") ? "met" : "pending";
}

async function groupCommit(
  { site, repository }: Place,
  { pull, by, brings }: QueueEntry,
  on: string,
  method: MergeQueueParameters["merge_method"],
): Promise<string | undefined> {
  const { store } = repository.git.network;
  const date = site.now();
  const committer: Signature = { name: "GitHub", email: "noreply@github.com", date };
  const head = pull.head.sha;
  if (method === "REBASE") return rebase(store, site.git, await commitsBetween(store, on, head), on, committer);
  const merged = await mergeTrees(store, site.git, on, head);
  if (!merged) return undefined;
  const tree = Object.keys(brings).length > 0 ? await store.writeTree(merged, brings) : merged;
  const squash = method === "SQUASH";
  const person = squash ? pull.issue.user : by;
  return store.writeCommit({
    tree,
    parents: squash ? [on] : [on, head],
    author: { name: person.login, email: emailOf(person), date },
    committer,
    message: squash
      ? `${pull.issue.title} (#${pull.number})`
      : `Merge pull request #${pull.number} from ${pull.head.owner.login}/${pull.head.ref}\n\n${pull.issue.title}`,
  });
}

async function request(place: Place, entry: QueueEntry, sha: string, baseSha: string): Promise<void> {
  const { site, repository, queue } = place;
  const branch = `gh-readonly-queue/${queue.branch}/pr-${entry.pull.number}-${baseSha}`;
  entry.group = { ref: `refs/heads/${branch}`, sha, baseSha, requestedAt: site.now() };
  await moveBranch(site, repository, branch, sha, botOf(site));
  await emitGroup(place, entry.group, { action: "checks_requested" });
}

async function destroy(place: Place, entry: QueueEntry, reason: "merged" | "invalidated" | "dequeued"): Promise<void> {
  const { group } = entry;
  entry.group = undefined;
  if (!group) return;
  await emitGroup(place, group, { action: "destroyed", reason });
  await moveBranch(place.site, place.repository, group.ref.slice("refs/heads/".length), undefined, botOf(place.site));
}

async function remove(place: Place, entry: QueueEntry, reason: Removal, by: Account): Promise<void> {
  place.queue.entries = place.queue.entries.filter((one) => one !== entry);
  await destroy(place, entry, "dequeued");
  await emitPull(place.site, entry.pull, "dequeued", by, { reason });
}

async function land(place: Place, entries: QueueEntry[]): Promise<void> {
  const { site, repository, queue } = place;
  const bot = botOf(site);
  const tip = entries.at(-1)?.group?.sha;
  queue.entries = queue.entries.filter((entry) => !entries.includes(entry));
  for (const { pull, group } of entries) {
    pull.merged = { at: site.now(), by: bot, sha: group?.sha ?? "" };
    repository.contributors.add(pull.issue.user.id);
    setIssueState(site, repository, pull.issue, "closed", bot);
  }
  await moveBranch(site, repository, queue.branch, tip, bot, "merge_queue_merge");
  for (const entry of entries) {
    await destroy(place, entry, "merged");
    await emitPull(site, entry.pull, "dequeued", bot, { reason: "MERGE" });
    await emitPull(site, entry.pull, "closed", bot);
    if (repository.deleteBranchOnMerge && entry.pull.head.repository === repository)
      await moveBranch(site, repository, entry.pull.head.ref, undefined, bot);
  }
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#merge_group */
async function emitGroup(
  { site, repository, queue }: Place,
  group: MergeGroup,
  what: { action: "checks_requested" } | { action: "destroyed"; reason: string },
): Promise<void> {
  const head = await repository.git.network.store.commit(group.sha);
  const person = ({ name, email }: Commit["author"]) => ({ name, email });
  site.webhooks.emit(repository, "merge_group", botOf(site), {
    ...what,
    merge_group: {
      head_sha: group.sha,
      head_ref: group.ref,
      base_sha: group.baseSha,
      base_ref: `refs/heads/${queue.branch}`,
      head_commit: head && {
        id: head.sha,
        tree_id: head.tree,
        message: head.message,
        timestamp: timestamp(head.committer.date),
        author: person(head.author),
        committer: person(head.committer),
      },
    },
  });
}

function botOf(site: Site): Account {
  const known = site.state.account(BOT);
  const fresh = { id: site.state.nextId(), login: BOT, type: "Bot" as const, name: null, members: new Map() };
  return known ?? site.state.addAccount({ ...fresh, createdAt: site.now() });
}
