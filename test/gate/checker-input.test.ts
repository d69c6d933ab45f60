import fc from "fast-check";
import { expect, test } from "vitest";
import { commandInput, mergeInput } from "../../src/gate/checker-input.ts";
import { canonicalJson } from "../../src/model/canonical-json.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";

const SHA = "a".repeat(40);

function snapshot(change: Partial<Snapshot> = {}): Snapshot {
  return {
    repository: { id: 42, owner: "acme", name: "shop", defaultBranch: "main" },
    pull: {
      number: 12,
      title: "A title",
      state: "open",
      merged: false,
      draft: false,
      headSha: SHA,
      headRef: "change",
      fork: false,
      baseRef: "main",
      baseSha: "b".repeat(40),
      author: { login: "ada", id: 1, type: "User" },
      authorAssociation: "MEMBER",
      labels: ["b", "a"],
      commits: 1,
      changedFiles: 1,
      url: "",
    },
    lastPusher: { id: 2, login: "Grace" },
    config: {
      valid: true,
      mode: "enforce",
      required_scans: ["secrets"],
      approvals: { count: 1, carry: "content-neutral", bots: [] },
      overrides: [],
    },
    approvals: [],
    changedFiles: null,
    requiredReviews: [],
    touchesTrustedPaths: [],
    scans: [],
    hold: null,
    overrides: [],
    okToTest: null,

    preview: null,
    unknown: [],
    ...change,
  };
}

test("equal facts in another order are the same input", () => {
  const approvals = ["grace", "linus", "zoe"].map((login, i) => ({
    id: i + 2,
    login,
    permission: "write" as const,
    sha: SHA,
  }));
  const scans = (["secrets", "sast"] as const).map((kind) => ({
    kind,
    status: "running" as const,
    sha: SHA,
    reason: "It runs.",
  }));
  const paths = [".github/hms.yml", ".github/hms-waivers.yml"];
  const unknown = ["One fact.", "Another fact."];
  const input = (one: Partial<Snapshot>) => canonicalJson(mergeInput(snapshot(one)));
  const reference = input({ approvals, scans, touchesTrustedPaths: paths, unknown });
  fc.assert(
    fc.property(
      fc.shuffledSubarray(approvals, { minLength: 3 }),
      fc.shuffledSubarray(scans, { minLength: 2 }),
      fc.shuffledSubarray(paths, { minLength: 2 }),
      fc.shuffledSubarray(unknown, { minLength: 2 }),
      (a, s, p, u) => {
        expect(input({ approvals: a, scans: s, touchesTrustedPaths: p, unknown: u })).toBe(reference);
      },
    ),
  );
});

test("what an input is made of is not changed by it", () => {
  const one = snapshot({ unknown: ["b", "a"] });
  const before = structuredClone(one);
  mergeInput(one);
  expect(one).toEqual(before);
});

test("no wall-clock time, no title, no mode; what could not be had stays null", () => {
  const input = mergeInput(snapshot({ lastPusher: null, touchesTrustedPaths: null }));
  expect(input.pull_request).toMatchObject({ last_pusher: null, touches_trusted_paths: null });
  expect(input.config).not.toHaveProperty("mode");
  expect(canonicalJson(input)).not.toContain("A title");
});

test("a scan that did not finish says why and has no findings", () => {
  const scans: Snapshot["scans"] = [{ kind: "secrets", status: "unknown", sha: SHA, reason: "The list is cut." }];
  expect(mergeInput(snapshot({ scans })).scans).toEqual([
    { kind: "secrets", status: "unknown", sha: SHA, reason: "The list is cut.", findings: [] },
  ]);
});

test.each([
  [1, "ada", true, false],
  [1, "renamed", true, false],
  [2, "grace", false, true],
  [3, "ada", false, false],
])("who asks: %i, called %s", (id, login, isAuthor, isLastPusher) => {
  const { command, point } = commandInput(snapshot(), { verb: "why" }, { id, login, permission: "write" });
  expect(point).toBe("command");
  expect(command?.sender).toEqual({
    id,
    login,
    permission: "write",
    is_author: isAuthor,
    is_last_pusher: isLastPusher,
  });
});

test("nobody is the last pusher while it is not known", () => {
  const { command } = commandInput(
    snapshot({ lastPusher: null }),
    { verb: "why" },
    { id: 9, login: "null", permission: "write" },
  );
  expect(command?.sender.is_last_pusher).toBe(false);
});
