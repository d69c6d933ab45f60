import { z } from "zod";
import type { Intent } from "../model/intent.ts";
import { formatKey, type Key } from "../model/key.ts";
import { CODE_OWNERS_PATHS } from "../model/path-pattern.ts";
import { SCAN_WORKFLOW } from "../model/scan.ts";
import { storageKey } from "../model/storage-key.ts";
import type { Acceptance } from "../ports/queue.ts";
import { happenedAtMs } from "./happened-at.ts";
import { pressOf } from "./presses.ts";

/** What a delivery asks for: keys to look at again, what people asked, and facts that only it tells. */
export interface Mapped {
  keys: string[];
  intents: Intent[];
  records: Acceptance["records"];
  /** Owner of what it is about, for the allow list. */
  owner: string | undefined;
}

const account = z.object({ login: z.string(), id: z.number(), type: z.string().default("User") });
const sha = z.string().regex(/^[0-9a-f]{40}$/);
const repository = z.object({
  id: z.int().positive(),
  name: z.string().min(1),
  owner: z.object({ login: z.string().min(1) }),
  default_branch: z.string().default("main"),
});
const envelope = z.object({
  action: z.string().optional(),
  installation: z.object({ id: z.int().positive() }).optional(),
  repository: repository.optional(),
  sender: account.optional(),
});
const pullNumber = z.object({ number: z.int().positive() });
const bodies = {
  pull_request: z.object({
    pull_request: pullNumber.extend({
      user: z.object({ id: z.number() }).nullish(),
      head: z.object({
        sha,
        repo: z.object({ id: z.number(), owner: z.object({ id: z.number() }).nullish() }).nullish(),
      }),
    }),
  }),
  pull_request_review: z.object({ pull_request: pullNumber }),
  issue_comment: z.object({
    issue: pullNumber.extend({ pull_request: z.unknown() }),
    comment: z.object({
      id: z.int().positive(),
      body: z.string().nullish(),
      created_at: z.string(),
      user: account.nullish(),
    }),
  }),
  merge_group: z.object({
    reason: z.string().optional(),
    merge_group: z.object({ head_sha: sha, head_ref: z.string(), base_ref: z.string() }),
  }),
  workflow_run: z.object({ workflow_run: z.object({ path: z.string(), display_title: z.string().nullish() }) }),
  push: z.object({
    ref: z.string(),
    before: sha.optional(),
    after: z.string(),
    commits: z
      .array(
        z.object({
          added: z.array(z.string()).default([]),
          modified: z.array(z.string()).default([]),
          removed: z.array(z.string()).default([]),
        }),
      )
      .default([]),
    forced: z.boolean().default(false),
  }),
};

const BRANCHES = "refs/heads/";
const CONFIG_FILES = new Set([`.github/workflows/${SCAN_WORKFLOW}`, ...CODE_OWNERS_PATHS]);
/** hms.yml, and the file of waivers that it names. */
const CONFIG_FILE = /^\.github\/[^/]+\.ya?ml$/;
/** Blanks only, no line breaks: else thousands of empty lines would take seconds. What is a command is decided when it is acted on. */
const SPEAKS_TO_US = /^[ \t]*\/hms\b/im;
const SCAN_PATH = `.github/workflows/${SCAN_WORKFLOW}`;
/**
 * What the workflow's `run-name` makes of its inputs: the kind, the commit and the scan's id. Whoever may start workflows may name any commit:
 * it is looked at once more, and nothing of the run is believed.
 */
const SCAN_TITLE = /^hms-scan [a-z]{1,20} ([0-9a-f]{40}) [0-9a-f]{32}$/;
/** GitHub lists at most so many commits in a push's payload; beyond, any file may have changed. */
const PUSH_COMMITS_MAX = 2048;

/**
 * Maps a delivery to what has to be looked at again. Pure; `undefined` when the event is none of ours or has not the documented shape:
 * the level-triggered sweep then sees whatever it meant.
 */
export function mapDelivery(id: string, event: string, payload: unknown, nowMs: number): Mapped | undefined {
  const head = envelope.safeParse(payload);
  if (!head.success) return undefined;
  const { action, installation, repository: repo, sender } = head.data;
  // About a person and no installation: https://docs.github.com/webhooks/webhook-events-and-payloads#github_app_authorization
  if (event === "github_app_authorization" && action === "revoked" && sender) {
    const record = { key: storageKey.revoked(sender.id), value: { atMs: nowMs } };
    return { keys: [], intents: [], records: [record], owner: undefined };
  }
  if (!installation) return undefined;
  const installationId = installation.id;
  const mapped: Mapped = { keys: [], intents: [], records: [], owner: repo?.owner.login };
  const look = (key: Key) => mapped.keys.push(formatKey(key));

  // What it has become is read, whatever the delivery says; a suspended or removed one included.
  if (event === "installation" || event === "installation_repositories" || event === "installation_target") {
    look({ kind: "installation", installationId });
    mapped.records.push({ key: storageKey.reread(installationId), value: { delivery: id } });
    return mapped;
  }
  if (!repo) return undefined;
  const repositoryId = repo.id;
  const pull = (number: number): Key => ({ kind: "pull", installationId, repositoryId, number });
  const asOfMs = happenedAtMs(payload);
  mapped.records.push({
    key: storageKey.repository(installationId, repositoryId),
    // Redelivered after days, it would bring back a name and a default branch of then.
    ...(asOfMs === undefined ? {} : { asOfMs }),
    value: { id: repo.id, owner: repo.owner.login, name: repo.name, defaultBranch: repo.default_branch },
  });

  switch (event) {
    case "pull_request": {
      const parsed = bodies.pull_request.safeParse(payload);
      if (!parsed.success) return undefined;
      const { number, head: tip } = parsed.data.pull_request;
      look(pull(number));
      // Who opens a pull request need not have pushed it; who made it move has.
      if (action === "synchronize" && sender) {
        mapped.records.push({
          key: storageKey.pusher(installationId, repositoryId, tip.sha, { pull: number }),
          value: { id: sender.id, login: sender.login },
        });
      }
      if (action === "opened" && sender && openedFromOwnFork(parsed.data.pull_request, repositoryId, sender.id)) {
        mapped.records.push({
          key: storageKey.pusher(installationId, repositoryId, tip.sha, { pull: number }),
          value: { id: sender.id, login: sender.login },
        });
      }
      return mapped;
    }
    case "pull_request_review": {
      const parsed = bodies.pull_request_review.safeParse(payload);
      if (!parsed.success) return undefined;
      look(pull(parsed.data.pull_request.number));
      return mapped;
    }
    case "issue_comment": {
      const parsed = bodies.issue_comment.safeParse(payload);
      if (!parsed.success || action !== "created" || !parsed.data.issue.pull_request) return undefined;
      const { comment, issue } = parsed.data;
      const person = comment.user ?? sender;
      if (person?.type !== "User" || !comment.body || !SPEAKS_TO_US.test(comment.body)) return undefined;
      const key = pull(issue.number);
      look(key);
      mapped.intents.push({
        id: `comment/${comment.id}`,
        key: formatKey(key),
        kind: "comment",
        body: comment.body,
        commentId: comment.id,
        sender: person,
        askedAtMs: Date.parse(comment.created_at) || 0,
        seenAtMs: nowMs,
      });
      return mapped;
    }
    case "push": {
      const parsed = bodies.push.safeParse(payload);
      if (!parsed.success) return undefined;
      const pushed = sha.safeParse(parsed.data.after);
      if (pushed.success && sender && !/^0+$/.test(pushed.data) && parsed.data.ref.startsWith(BRANCHES)) {
        mapped.records.push({
          key: storageKey.pusher(installationId, repositoryId, pushed.data, {
            branch: parsed.data.ref.slice(BRANCHES.length),
          }),
          value: { id: sender.id, login: sender.login },
        });
      }
      if (parsed.data.ref !== `${BRANCHES}${repo.default_branch}`) return mapped;
      const { before } = parsed.data;
      if (pushed.success && before !== undefined && !/^0+$/.test(before) && !/^0+$/.test(pushed.data)) {
        look({ kind: "commit", installationId, repositoryId, sha: pushed.data });
        mapped.records.push({
          key: storageKey.pushed(installationId, repositoryId, pushed.data),
          value: { branch: repo.default_branch, before, by: sender?.login ?? null, seenAtMs: nowMs },
        });
      }
      if (!mayChangeConfig(parsed.data)) return mapped;
      const whole = repo.name === ".github";
      look(whole ? { kind: "installation", installationId } : { kind: "repository", installationId, repositoryId });
      // The pull requests have not changed, but what they are judged by.
      mapped.records.push({
        key: storageKey.reread(installationId, whole ? undefined : repositoryId),
        value: { delivery: id },
      });
      // If scans could not be started, they may be now.
      mapped.records.push({ key: storageKey.scanWorkflow(installationId, repositoryId), value: {} });
      return mapped;
    }
    case "merge_group": {
      const parsed = bodies.merge_group.safeParse(payload);
      if (!parsed.success) return undefined;
      const { head_sha: head, head_ref: headRef, base_ref: baseRef } = parsed.data.merge_group;
      look({ kind: "merge-group", installationId, repositoryId, sha: head });
      // One record for each word, since they may come in any order.
      if (action === "destroyed") {
        const value = { reason: parsed.data.reason ?? "unknown" };
        mapped.records.push({ key: storageKey.groupEnded(installationId, repositoryId, head), value });
      } else {
        const value = { headRef, baseRef, seenAtMs: nowMs };
        mapped.records.push({ key: storageKey.group(installationId, repositoryId, head), value });
      }
      return mapped;
    }
    case "workflow_run": {
      const parsed = bodies.workflow_run.safeParse(payload);
      if (!parsed.success) return undefined;
      const { path, display_title: title } = parsed.data.workflow_run;
      const scanned = path.split("@")[0] === SCAN_PATH ? SCAN_TITLE.exec(title ?? "")?.[1] : undefined;
      if (scanned === undefined) return undefined;
      look({ kind: "scan", installationId, repositoryId, sha: scanned });
      return mapped;
    }
    case "repository": {
      // Renamed, transferred, deleted, archived: the installation's list says what is there by now, and under which name.
      look({ kind: "installation", installationId });
      mapped.records.push({ key: storageKey.reread(installationId, repositoryId), value: { delivery: id } });
      return mapped;
    }
    case "check_run":
    case "check_suite": {
      const press = pressOf(action, payload, nowMs);
      if (!press) return undefined;
      for (const number of press.pulls) look(pull(number));
      const key: Key = { kind: "commit", installationId, repositoryId, sha: press.sha };
      look(key);
      mapped.intents.push({ ...press.intent, key: formatKey(key) });
      return mapped;
    }
    default:
      return undefined;
  }
}

/**
 * GitHub tells us nothing of pushes to a fork before its pull request is there. Whoever opens one from a fork of their own stands for what
 * they propose: only they decide who may push there. In an organisation's or somebody else's fork nobody can say.
 */
function openedFromOwnFork(
  pull: z.infer<typeof bodies.pull_request>["pull_request"],
  repositoryId: number,
  senderId: number,
): boolean {
  const fork = pull.head.repo;
  return !!fork && fork.id !== repositoryId && fork.owner?.id === senderId && pull.user?.id === senderId;
}

function mayChangeConfig(push: z.infer<typeof bodies.push>): boolean {
  if (push.forced || push.commits.length === 0 || push.commits.length >= PUSH_COMMITS_MAX) return true;
  return push.commits.some((commit) =>
    [...commit.added, ...commit.modified, ...commit.removed].some(
      (path) => CONFIG_FILES.has(path) || CONFIG_FILE.test(path),
    ),
  );
}
