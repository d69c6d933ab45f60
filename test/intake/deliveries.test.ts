import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mapDelivery } from "../../src/intake/deliveries.ts";
import { formatKey, parseKey } from "../../src/model/key.ts";
import { cpuMs } from "../stage/cpu-time.ts";

const NOW = Date.UTC(2026, 0, 1);
const SHA = "a".repeat(40);
const base = {
  installation: { id: 7 },
  repository: { id: 42, name: "shop", owner: { login: "acme" }, default_branch: "main" },
  sender: { login: "ada", id: 1, type: "User" },
};
const pull = { ...base, action: "opened", pull_request: { number: 12, head: { sha: SHA } } };
const comment = {
  ...base,
  action: "created",
  issue: { number: 12, pull_request: {} },
  comment: {
    id: 99,
    body: "/hms why",
    created_at: "2026-01-01T00:00:00Z",
    user: { login: "ada", id: 1, type: "User" },
  },
};
const push = { ...base, ref: "refs/heads/main", after: SHA, commits: [{ modified: [".github/hms.yml"] }] };
const rerequested = {
  ...base,
  action: "rerequested",
  check_run: { id: 31, head_sha: SHA, pull_requests: [{ number: 12 }], check_suite: { id: 30, updated_at: "t1" } },
};
const suite = { ...rerequested, check_run: undefined, check_suite: { id: 30, head_sha: SHA, updated_at: "t1" } };

test("who took back what they had allowed the App is remembered by id, with the time by our own clock", () => {
  const payload = { action: "revoked", sender: base.sender };
  expect(mapDelivery("d-1", "github_app_authorization", payload, NOW)).toEqual({
    keys: [],
    intents: [],
    records: [{ key: "revoked/1", value: { atMs: NOW } }],
    owner: undefined,
  });
  for (const other of [{ ...payload, action: "granted" }, { action: "revoked" }])
    expect(mapDelivery("d-1", "github_app_authorization", other, NOW)).toBeUndefined();
});
const BEFORE = "b".repeat(40);
const group = {
  ...base,
  action: "checks_requested",
  merge_group: {
    head_sha: SHA,
    head_ref: `refs/heads/gh-readonly-queue/main/pr-12-${BEFORE}`,
    base_ref: "refs/heads/main",
    base_sha: BEFORE,
  },
};

test("what a repository is called is said as of when the event happened, where GitHub says when", () => {
  const updated = { ...pull, pull_request: { ...pull.pull_request, updated_at: "2025-12-29T00:00:00Z" } };
  const records = (payload: unknown) => mapDelivery("d-1", "pull_request", payload, NOW)?.records;
  expect(records(updated)).toMatchObject([{ key: "repository/7/42", asOfMs: Date.UTC(2025, 11, 29) }]);
  expect(records(pull)?.[0]).not.toHaveProperty("asOfMs");
});

const keys = (event: string, payload: unknown) => mapDelivery("d-1", event, payload, NOW)?.keys;

describe("which keys a delivery asks to look at", () => {
  test.each([
    ["pull_request", pull, ["pull/7/42/12"]],
    ["pull_request", { ...pull, action: "edited" }, ["pull/7/42/12"]],
    ["pull_request", { ...pull, action: "an_action_of_tomorrow" }, ["pull/7/42/12"]],
    ["pull_request_review", { ...base, action: "submitted", pull_request: { number: 12 } }, ["pull/7/42/12"]],
    ["issue_comment", comment, ["pull/7/42/12"]],
    ["push", push, ["repository/7/42"]],
    ["push", { ...push, repository: { ...base.repository, name: ".github" } }, ["installation/7"]],
    ["push", { ...push, commits: [], forced: true }, ["repository/7/42"]],
    ["push", { ...push, before: BEFORE }, [`commit/7/42/${SHA}`, "repository/7/42"]],
    ["push", { ...push, before: "0".repeat(40) }, ["repository/7/42"]],
    ["push", { ...push, before: BEFORE, ref: "refs/heads/topic" }, []],
    ["merge_group", group, [`merge-group/7/42/${SHA}`]],
    ["merge_group", { ...group, action: "destroyed", reason: "dequeued" }, [`merge-group/7/42/${SHA}`]],
    ["check_run", rerequested, ["pull/7/42/12", `commit/7/42/${SHA}`]],
    ["check_suite", suite, [`commit/7/42/${SHA}`]],
    ["installation", { ...base, action: "created", repository: undefined }, ["installation/7"]],
    ["installation_repositories", { ...base, action: "added", repository: undefined }, ["installation/7"]],
    ["installation", { ...base, action: "deleted", repository: undefined }, ["installation/7"]],
    ["installation", { ...base, action: "suspend", repository: undefined }, ["installation/7"]],
    ["installation_target", { ...base, action: "renamed", repository: undefined }, ["installation/7"]],
    ["repository", { ...base, action: "renamed" }, ["installation/7"]],
    ["repository", { ...base, action: "transferred" }, ["installation/7"]],
    ["repository", { ...base, action: "deleted" }, ["installation/7"]],
  ])("%s %#", (event, payload, expected) => {
    expect(keys(event, payload)).toEqual(expected);
  });

  test.each([
    ["issue_comment", { ...comment, action: "edited" }],
    ["issue_comment", { ...comment, action: "deleted" }],
    ["issue_comment", { ...comment, issue: { number: 12 } }],
    ["issue_comment", { ...comment, comment: { ...comment.comment, body: "thanks" } }],
    ["issue_comment", { ...comment, comment: { ...comment.comment, body: null } }],
    ["issue_comment", { ...comment, comment: { ...comment.comment, user: { login: "x[bot]", id: 2, type: "Bot" } } }],
    ["check_run", { ...rerequested, action: "created" }],
    ["merge_group", { ...group, merge_group: { ...group.merge_group, head_sha: "main" } }],
    ["check_run", { ...rerequested, check_run: { head_sha: "main" } }],
    ["pull_request", { ...pull, installation: undefined }],
    ["pull_request", { ...pull, repository: undefined }],
    ["pull_request", { ...pull, pull_request: { number: 0, head: { sha: SHA } } }],
    ["pull_request", { ...pull, pull_request: { number: 12, head: { sha: "HEAD" } } }],
    ["star", base],
    ["", base],
  ])("none of ours: %s %#", (event, payload) => {
    expect(mapDelivery("d-1", event, payload, NOW)).toBeUndefined();
  });

  test("a push that cannot have changed the configuration looks at nothing", () => {
    const other = { ...push, commits: [{ modified: ["src/cart.ts"] }] };
    expect(keys("push", other) ?? []).toEqual([]);
    expect(keys("push", { ...push, ref: "refs/heads/feature" }) ?? []).toEqual([]);
    expect(keys("push", { ...push, ref: "refs/tags/main" }) ?? []).toEqual([]);
  });

  test("a push of so many commits that GitHub does not list them all may have changed it", () => {
    const commits = Array.from({ length: 2048 }, () => ({ modified: ["src/cart.ts"] }));
    expect(keys("push", { ...push, commits })).toEqual(["repository/7/42"]);
  });
});

describe("what a comment asks", () => {
  test("is kept under the comment's id, with who asked and when", () => {
    expect(mapDelivery("d-1", "issue_comment", comment, NOW + 5)?.intents).toEqual([
      {
        id: "comment/99",
        key: "pull/7/42/12",
        kind: "comment",
        body: "/hms why",
        commentId: 99,
        sender: { login: "ada", id: 1, type: "User" },
        askedAtMs: NOW,
        seenAtMs: NOW + 5,
      },
    ]);
  });

  test("at a time that cannot be read counts as long ago", () => {
    const payload = { ...comment, comment: { ...comment.comment, created_at: "soon" } };
    expect(mapDelivery("d-1", "issue_comment", payload, NOW)?.intents[0]?.askedAtMs).toBe(0);
  });

  test("after 60,000 empty lines is found as fast as any", () => {
    const body = `x${"\n".repeat(60_000)}`;
    const find = () => keys("issue_comment", { ...comment, comment: { ...comment.comment, body } });
    expect(find()).toBeUndefined();
    expect(cpuMs(find)).toBeLessThan(1000);
    expect(keys("issue_comment", { ...comment, comment: { ...comment.comment, body: `${body}/hms why` } })).toEqual([
      "pull/7/42/12",
    ]);
  });
});

test("who pushed is who made the head move, not who opened the pull request", () => {
  const pushers = (action: string) =>
    mapDelivery("d-1", "pull_request", { ...pull, action }, NOW)?.records.filter(({ key }) =>
      key.startsWith("pusher/"),
    );
  expect(pushers("synchronize")).toEqual([{ key: `pusher/7/42/${SHA}/pull/12`, value: { id: 1, login: "ada" } }]);
  expect(pushers("opened")).toEqual([]);
  expect(pushers("labeled")).toEqual([]);
});

describe("a pull request that is opened from a fork", () => {
  const opened = (repo: unknown, user = 1) => {
    const body = {
      ...pull,
      action: "opened",
      pull_request: { number: 12, user: { id: user }, head: { sha: SHA, repo } },
    };
    return mapDelivery("d-1", "pull_request", body, NOW)?.records.filter(({ key }) => key.startsWith("pusher/"));
  };

  test("of their own: they stand for what was pushed there", () => {
    expect(opened({ id: 43, owner: { id: 1 } })).toEqual([
      { key: `pusher/7/42/${SHA}/pull/12`, value: { id: 1, login: "ada" } },
    ]);
  });

  test("of somebody else, of nobody any more, or from a branch: nobody can say", () => {
    expect(opened({ id: 43, owner: { id: 9 } })).toEqual([]);
    expect(opened({ id: 43 })).toEqual([]);
    expect(opened(null)).toEqual([]);
    expect(opened({ id: 42, owner: { id: 1 } })).toEqual([]);
    expect(opened({ id: 43, owner: { id: 1 } }, 2)).toEqual([]);
  });
});

test("a push speaks for its own branch: pushing the commit elsewhere changes nobody's pusher", () => {
  const push = { ...pull, pull_request: undefined, ref: "refs/heads/feature", after: SHA };
  expect(mapDelivery("d-1", "push", push, NOW)?.records).toContainEqual({
    key: `pusher/7/42/${SHA}/branch/feature`,
    value: { id: 1, login: "ada" },
  });
});

describe("a button of a check", () => {
  const intents = (event: string, payload: unknown) => mapDelivery("d-1", event, payload, NOW)?.intents;
  const ada = { login: "ada", id: 1, type: "User" };
  const button = (identifier: string, more: object = {}) => ({
    ...rerequested,
    action: "requested_action",
    requested_action: { identifier },
    ...more,
  });
  const common = { key: `commit/7/42/${SHA}`, kind: "button", sender: ada, askedAtMs: NOW, seenAtMs: NOW };

  test("is an intent of its commit under an id that GitHub signed, the same when it is pressed again", () => {
    const token = "0123456789ab";
    expect(intents("check_run", button(`hold-${token}`))).toEqual([
      { ...common, id: `button/31/hold-${token}/1`, action: "hold", state: token, runId: 31 },
    ]);
    expect(mapDelivery("another", "check_run", button(`hold-${token}`), NOW)?.intents[0]?.id).toBe(
      `button/31/hold-${token}/1`,
    );
  });

  test("GitHub's own: a run has a new id after it, a suite has moved", () => {
    expect(intents("check_run", rerequested)).toEqual([
      { ...common, id: "rerequest/run/31/1/t1", action: "retry", state: "", runId: 31 },
    ]);
    expect(intents("check_suite", suite)).toEqual([
      { ...common, id: "rerequest/suite/30/1/t1", action: "retry", state: "", runId: 0 },
    ]);
  });

  test("that is none of ours, or was pressed by an app: nothing", () => {
    for (const identifier of ["hold", "hold-xyz", "merge-0123456789ab", `hold-0123456789ab\n`, ""])
      expect(intents("check_run", button(identifier))).toBeUndefined();
    const bot = { sender: { login: "helper[bot]", id: 9, type: "Bot" } };
    expect(intents("check_run", button("hold-0123456789ab", bot))).toBeUndefined();
    expect(intents("check_run", { ...rerequested, ...bot })).toBeUndefined();
    expect(intents("check_suite", { ...suite, ...bot })).toBeUndefined();
  });
});

describe("any JSON", () => {
  const events = [
    "pull_request",
    "pull_request_review",
    "issue_comment",
    "push",
    "check_run",
    "check_suite",
    "installation",
    "installation_repositories",
    "__proto__",
  ];
  const samples: object[] = [pull, comment, push, rerequested];
  const anything = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 1.5, 1e300, "", "../..", null, [], {}, "__proto__"));
  /** A real payload with one place, however deep, made something else. */
  const bent = fc
    .tuple(fc.constantFrom(...samples), fc.array(fc.nat(6), { minLength: 1, maxLength: 4 }), anything)
    .map(([sample, path, value]) => {
      const copy = structuredClone(sample) as Record<string, unknown>;
      let at: Record<string, unknown> = copy;
      for (const [depth, step] of path.entries()) {
        const names = Object.keys(at);
        const name = names[step % Math.max(1, names.length)];
        if (name === undefined) break;
        const inner = at[name];
        if (depth === path.length - 1 || typeof inner !== "object" || inner === null) {
          at[name] = value;
          break;
        }
        at = inner as Record<string, unknown>;
      }
      return copy;
    });

  test("is mapped without a throw, to keys of the installation and repository that it names", () => {
    fc.assert(
      fc.property(fc.constantFrom(...events), fc.oneof(bent, fc.jsonValue()), (event, payload) => {
        const mapped = mapDelivery("d-1", event, payload, NOW);
        if (!mapped) return;
        const named = payload as unknown as typeof base;
        for (const key of mapped.keys) {
          const parsed = parseKey(key);
          expect(formatKey(parsed)).toBe(key);
          expect(parsed.installationId).toBe(named.installation.id);
          if ("repositoryId" in parsed) expect(parsed.repositoryId).toBe(named.repository.id);
        }
        for (const intent of mapped.intents) expect(mapped.keys).toContain(intent.key);
        for (const { key } of mapped.records) expect(key).toMatch(/^[\w/-]+$/);
      }),
      { numRuns: 2000 },
    );
  });
});

test("what a merge group was asked for and how it ended are facts of their own, in whatever order they come", () => {
  const requested = mapDelivery("d-1", "merge_group", group, NOW)?.records.at(-1);
  const ended = mapDelivery("d-2", "merge_group", { ...group, action: "destroyed", reason: "merged" }, NOW)?.records.at(
    -1,
  );
  expect(requested).toEqual({
    key: `group/7/42/${SHA}`,
    value: { headRef: group.merge_group.head_ref, baseRef: "refs/heads/main", seenAtMs: NOW },
  });
  expect(ended).toEqual({ key: `group-ended/7/42/${SHA}`, value: { reason: "merged" } });
});
