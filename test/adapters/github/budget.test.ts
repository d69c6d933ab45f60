import { describe, expect, test } from "vitest";
import { Budget } from "../../../src/adapters/github/budget.ts";

const READ = "GET /repos/{owner}/{repo}/pulls";
const WRITE = "POST /repos/{owner}/{repo}/check-runs";
const COMMENT = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
const NOW = 1_700_000_000_000;

function admitted(budget: Budget, route: string, background = false, most = 2000): number {
  let count = 0;
  while (count < most && !budget.admit(route, background, NOW)) count++;
  return count;
}

const quota = (remaining: number, resetAtMs = NOW + 1_800_000) => ({
  "x-ratelimit-limit": "5000",
  "x-ratelimit-remaining": String(remaining),
  "x-ratelimit-reset": String(resetAtMs / 1000),
});

describe("GitHub's published limits of one minute", () => {
  test.each([
    ["reads cost 1 of 900 points", READ, 900, "points"],
    ["writes cost 5", WRITE, 180, "points"],
    ["comments: 80", COMMENT, 80, "creations"],
  ])("%s", (_what, route, most, reason) => {
    const budget = new Budget("published");
    expect(admitted(budget, route)).toBe(most);
    expect(budget.admit(route, false, NOW)).toMatchObject({ reason });
  });

  test("comments: 500 in an hour", () => {
    const budget = new Budget("published");
    let count = 0;
    for (let minute = 0; minute < 30; minute++) while (!budget.admit(COMMENT, false, NOW + minute * 70_000)) count++;
    expect(count).toBe(500);
  });

  test("a sweep leaves people their share", () => {
    const budget = new Budget("published");
    expect(admitted(budget, READ, true)).toBe(540);
    expect(admitted(budget, READ)).toBe(360);
  });
});

describe("the hourly quota, as GitHub says it", () => {
  test("a sweep stops at a fifth, a person at nothing, both until the reset", () => {
    const budget = new Budget("published");
    budget.learn(200, quota(1000));
    expect(budget.admit(READ, true, NOW)).toEqual({ reason: "quota", waitMs: 1_800_000 });
    expect(budget.admit(READ, false, NOW)).toBeUndefined();
    budget.learn(200, quota(0));
    expect(budget.admit(READ, false, NOW)).toMatchObject({ reason: "quota" });
    expect(budget.admit(READ, true, NOW + 1_800_000)).toBeUndefined();
  });

  test("of answers that overtake each other the least counts; a new hour starts anew", () => {
    const budget = new Budget("published");
    budget.learn(200, quota(10));
    budget.learn(200, quota(400));
    expect(budget.state(NOW).quota?.remaining).toBe(11);
    budget.learn(200, quota(4999, NOW + 5_400_000));
    expect(budget.state(NOW).quota?.remaining).toBe(4999);
    budget.learn(200, quota(3));
    expect(budget.state(NOW).quota?.remaining).toBe(4999);
  });

  test.each([401, 500, 502])("an answer %i tells of another limit than ours", (status) => {
    const budget = new Budget("published");
    budget.learn(status, { ...quota(0), "x-ratelimit-limit": "60" });
    expect(budget.admit(READ, false, NOW)).toBeUndefined();
  });

  test.each([{}, { "x-ratelimit-remaining": "x" }])("an answer without it changes nothing: %o", (headers) => {
    const budget = new Budget("published");
    budget.learn(200, headers);
    expect(budget.state(NOW).quota).toBeUndefined();
  });
});

test("on Enterprise Server only what GitHub says counts", () => {
  const budget = new Budget("answers");
  expect(admitted(budget, COMMENT)).toBe(2000);
  budget.learn(200, quota(0));
  expect(budget.admit(READ, false, NOW)).toMatchObject({ reason: "quota" });
});

test("when GitHub asks to wait, everything waits that long", () => {
  const budget = new Budget("published");
  budget.close(NOW + 60_000);
  budget.close(NOW + 1000);
  expect(budget.admit(READ, false, NOW)).toEqual({ reason: "asked-to-wait", waitMs: 60_000 });
  expect(budget.admit(READ, false, NOW + 60_000)).toBeUndefined();
});

describe("calls at once", () => {
  test("at most 100; when one ends, a person's comes before a sweep's", async () => {
    const budget = new Budget("published");
    const leave = await Promise.all(Array.from({ length: 100 }, () => budget.enter(false)));
    const order: string[] = [];
    const sweep = budget.enter(true).then(() => order.push("sweep"));
    const person = budget.enter(false).then((left) => {
      order.push("person");
      return left;
    });
    expect(budget.state(NOW).concurrent).toBe(100);
    leave[0]?.();
    leave[0]?.();
    const left = await person;
    expect(order).toEqual(["person"]);
    expect(budget.state(NOW).concurrent).toBe(100);
    left();
    for (const one of leave.slice(1)) one();
    await sweep;
    expect(order).toEqual(["person", "sweep"]);
    expect(budget.state(NOW).concurrent).toBe(1);
  });

  test("sweeps leave room for people", async () => {
    const budget = new Budget("published");
    const leave = await Promise.all(Array.from({ length: 60 }, () => budget.enter(true)));
    let entered = false;
    const one = budget.enter(true).then(() => {
      entered = true;
    });
    await budget.enter(false);
    leave[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(false);
    leave[1]?.();
    await one;
  });
});
