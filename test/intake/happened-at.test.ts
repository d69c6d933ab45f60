import { expect, test } from "vitest";
import { happenedAtMs } from "../../src/intake/happened-at.ts";

const AT = "2026-01-02T03:04:05Z";
const MS = Date.parse(AT);

test.each([
  ["a pull request", { pull_request: { updated_at: AT } }, MS],
  [
    "a review, not the pull request that it is of",
    { review: { submitted_at: AT }, pull_request: { updated_at: "2020-01-01T00:00:00Z" } },
    MS,
  ],
  ["a comment", { comment: { created_at: AT }, issue: {} }, MS],
  ["a check suite", { check_suite: { updated_at: AT } }, MS],
  ["a push, in seconds", { after: "0".repeat(40), repository: { pushed_at: MS / 1000 } }, MS],
  ["what does not say", { action: "created" }, undefined],
  ["no time", { pull_request: { updated_at: "yesterday" } }, undefined],
  ["nothing", null, undefined],
])("%s", (_what, payload, expected) => {
  expect(happenedAtMs(payload)).toBe(expected);
});
