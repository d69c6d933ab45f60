import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Throttle } from "../../../src/adapters/github/throttle.ts";
import { withinRun } from "../../../src/ports/run-context.ts";

const READ = "GET /repos/{owner}/{repo}/pulls";
const COMMENT = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
const NOW = 1_700_000_000_000;
const sweep = { key: "repository/7/42", attempt: 0, causes: [] };
const event = { key: "pull/7/42/1", attempt: 0, causes: [{ id: "d1", event: "pull_request", receivedAtMs: NOW }] };

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

test("one installation that used up its budget does not slow down another", async () => {
  const throttle = new Throttle(
    "published",
    () => NOW,
    () => undefined,
  );
  const call = (installationId: number, route: string) => throttle.within(installationId, route, async () => "answer");
  for (let i = 0; i < 80; i++) await call(7, COMMENT);
  await expect(call(7, COMMENT)).rejects.toMatchObject({ fault: "limited", retryAtMs: expect.any(Number) });
  expect(await call(7, READ)).toBe("answer");
  expect(await call(8, COMMENT)).toBe("answer");
});

test("a sweep is put off while what is left belongs to people; who acts on an event is not", async () => {
  const reasons: string[] = [];
  const throttle = new Throttle(
    "published",
    () => NOW,
    (reason) => reasons.push(reason),
  );
  const call = () => throttle.within(7, READ, async () => "answer");
  for (let i = 0; i < 540; i++) await withinRun(sweep, call);
  await expect(withinRun(sweep, call)).rejects.toMatchObject({ fault: "limited" });
  expect(reasons).toEqual(["points"]);
  expect(await withinRun(event, call)).toBe("answer");
  // A page or a command line, which is no run at all: a person waits for it.
  expect(await call()).toBe("answer");
});

test("a person waits in place for what is freed in a moment", async () => {
  let nowMs = NOW;
  const throttle = new Throttle(
    "published",
    () => nowMs,
    () => {
      // The moment passes while it sleeps.
      nowMs += 50;
    },
  );
  throttle.close(7, NOW + 50);
  expect(await throttle.within(7, READ, async () => "answer")).toBe("answer");
  throttle.close(7, nowMs + 60_000);
  await expect(throttle.within(7, READ, async () => "answer")).rejects.toMatchObject({
    retryAtMs: nowMs + 60_000,
  });
});

test("a call that failed frees its place, and the state tells what is used", async () => {
  const throttle = new Throttle(
    "published",
    () => NOW,
    () => undefined,
  );
  const failing = throttle.within(7, READ, async () => {
    throw new Error("broken");
  });
  await expect(failing).rejects.toThrow("broken");
  expect(throttle.limits()).toEqual([
    { installationId: 7, points: 1, concurrent: 0, quota: undefined, closedUntilMs: 0 },
  ]);
});
