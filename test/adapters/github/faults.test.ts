import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toGitHubError } from "../../../src/adapters/github/faults.ts";
import { GitHubError } from "../../../src/ports/github.ts";

const NOW = Date.UTC(2026, 0, 1);

/** As Octokit throws it. */
const thrown = (status: number, headers: Record<string, string> = {}, message = "no") =>
  Object.assign(new Error(message), { name: "HttpError", status, response: { status, headers, data: {} } });

describe("what can be done about it", () => {
  test.each([
    [404, "not-found"],
    [410, "not-found"],
    [401, "forbidden"],
    [403, "forbidden"],
    [451, "forbidden"],
    [400, "refused"],
    [409, "refused"],
    [422, "refused"],
    [429, "limited"],
    [500, "unavailable"],
    [502, "unavailable"],
    [503, "unavailable"],
    [301, "unavailable"],
  ] as const)("%i: %s", (status, fault) => {
    expect(toGitHubError(thrown(status), NOW)).toMatchObject({ fault, status });
  });

  test.each([
    ["a time-out", Object.assign(new Error("aborted"), { name: "TimeoutError" })],
    ["a connection that was closed, which Octokit calls 500", Object.assign(new Error("closed"), { status: 500 })],
    ["a text", "no"],
    ["nothing", undefined],
    ["null", null],
  ])("%s: unavailable", (_what, error) => {
    expect(toGitHubError(error, NOW).fault).toBe("unavailable");
  });

  test("an error of ours stays what it is", () => {
    const error = new GitHubError("refused", 422, "no");
    expect(toGitHubError(error, NOW)).toBe(error);
  });
});

describe("when to ask again", () => {
  const reset = String(NOW / 1000 + 1800);
  test.each<[string, ReturnType<typeof thrown>, number]>([
    ["retry-after", thrown(429, { "retry-after": "17" }), 17_000],
    ["retry-after on a 403", thrown(403, { "retry-after": "17" }), 17_000],
    ["the primary limit", thrown(403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset }), 1_800_000],
    ["a reset that has passed", thrown(403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" }), 1000],
    ["a secondary limit without a word", thrown(403, {}, "You have exceeded a secondary rate limit"), 60_000],
    ["a retry-after that is no number", thrown(429, { "retry-after": "Thu, 01 Jan 2026 00:00:10 GMT" }), 60_000],
    ["a retry-after of 0", thrown(429, { "retry-after": "0" }), 60_000],
  ])("%s", (_what, error, afterMs) => {
    expect(toGitHubError(error, NOW)).toMatchObject({ fault: "limited", retryAtMs: NOW + afterMs });
  });

  test("a missing permission is no limit, however much quota is left", () => {
    const error = thrown(403, { "x-ratelimit-remaining": "4999" }, "Resource not accessible by integration");
    expect(toGitHubError(error, NOW)).toMatchObject({ fault: "forbidden", retryAtMs: undefined });
  });

  test("an outage may say when it is over", () => {
    expect(toGitHubError(thrown(503, { "retry-after": "5" }), NOW).retryAtMs).toBe(NOW + 5000);
    expect(toGitHubError(thrown(503), NOW).retryAtMs).toBeUndefined();
  });
});

test("the message is one short line, without the request and its token", () => {
  const token = `gh${"s_"}${"x".repeat(36)}`;
  const error = Object.assign(thrown(500, {}, `first\nsecond ${"y".repeat(1000)}`), {
    request: { headers: { authorization: `token ${token}` } },
  });
  const { message } = toGitHubError(error, NOW);
  expect(message).toBe("GitHub answered 500: first");
  expect(toGitHubError(thrown(500, {}, "y".repeat(1000)), NOW).message.length).toBeLessThan(400);
  expect(JSON.stringify(toGitHubError(error, NOW))).not.toContain(token);
});

test("whatever is thrown becomes a fault, never in the past", () => {
  const header = fc.constantFrom("retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "x-other");
  const error = fc.record(
    {
      status: fc.oneof(fc.integer({ min: 0, max: 700 }), fc.string()),
      message: fc.oneof(fc.string(), fc.integer()),
      response: fc.record({ headers: fc.dictionary(header, fc.oneof(fc.string(), fc.integer(), fc.constant("0"))) }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(error, fc.anything()), (value) => {
      const fault = toGitHubError(value, NOW);
      expect(["not-found", "forbidden", "limited", "refused", "unavailable"]).toContain(fault.fault);
      if (fault.fault === "limited") expect(fault.retryAtMs).toBeGreaterThan(NOW);
    }),
  );
});
