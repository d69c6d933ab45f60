import { describe, expect, test } from "vitest";
import { type Missed, planAsks, seenAgain, sortAttempts } from "../../src/healing/missed.ts";
import type { DeliveryAttempt } from "../../src/ports/app-deliveries.ts";

const NOW = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const STARTED = NOW - 2 * 60 * MINUTE;

const attempt = (id: string, guid: string, statusCode: number, change: Partial<DeliveryAttempt> = {}) => ({
  id,
  guid,
  atMs: NOW - MINUTE,
  statusCode,
  event: "push",
  action: undefined,
  installationId: 7,
  ...change,
});

describe("a log of attempts", () => {
  test("what failed every time is missed; what was taken once is not, in whatever order", () => {
    const { failed, taken } = sortAttempts([
      attempt("5", "again", 502, { atMs: NOW }),
      attempt("4", "late", 202),
      attempt("3", "late", 0),
      attempt("2", "again", 503, { atMs: NOW - DAY }),
      attempt("1", "first", 202),
    ]);
    expect([...taken]).toEqual(["late", "first"]);
    expect(failed).toMatchObject([
      { guid: "again", attemptId: "5", firstFailedAtMs: NOW - DAY, statusCode: 502, asked: 0 },
    ]);
  });

  test.each([0, 199, 301, 400, 401, 413, 500, 502, 503, 504])("%i is a failure", (statusCode) => {
    expect(sortAttempts([attempt("1", "one", statusCode)]).failed).toHaveLength(1);
  });

  test("ids beyond 2^53 are compared as numbers", () => {
    const at = { atMs: NOW };
    const { failed } = sortAttempts([attempt("99999999999999999999", "one", 502, at), attempt("9", "one", 500, at)]);
    expect(failed[0]).toMatchObject({ attemptId: "99999999999999999999", statusCode: 502 });
  });
});

const missed = (guid: string, change: Partial<Missed> = {}): Missed => ({
  guid,
  event: "push",
  attemptId: "1",
  firstFailedAtMs: NOW - 10 * MINUTE,
  statusCode: 502,
  asked: 0,
  ...change,
});
const asked = (times: number, agoMs: number, failedAgain: boolean): Partial<Missed> => ({
  asked: times,
  askedAtMs: NOW - agoMs,
  askedAfter: "1",
  attemptId: failedAgain ? "2" : "1",
});
const plan = (list: Missed[], most = 100) => {
  const { ask, giveUp } = planAsks(list, { nowMs: NOW, startedAtMs: STARTED, windowMs: 3 * DAY, most });
  return { ask: ask.map((one) => one.guid), giveUp: giveUp.map((one) => one.missed.guid) };
};

describe("what is asked for", () => {
  test.each<[string, Partial<Missed>, "ask" | "wait" | "give up"]>([
    ["never asked", {}, "ask"],
    ["asked, its result may still show", asked(1, MINUTE, false), "wait"],
    ["asked, no result in two minutes", asked(1, 2 * MINUTE, false), "ask"],
    ["asked by a process that was killed just before this one", asked(1, NOW - STARTED + 1, false), "ask"],
    ["failed again before this process was there", asked(3, NOW - STARTED + 1, true), "ask"],
    ["asked a clock that was set back by an hour ago", asked(1, -60 * MINUTE, false), "ask"],
    ["failed again at once", asked(1, 30_000, true), "wait"],
    ["failed again a minute ago", asked(1, MINUTE, true), "ask"],
    ["failed for the third time", asked(3, 3 * MINUTE, true), "wait"],
    ["the distance grows", asked(3, 4 * MINUTE, true), "ask"],
    ["up to an hour", asked(11, 60 * MINUTE, true), "ask"],
    ["after twelve times", asked(12, 60 * MINUTE, true), "give up"],
    ["older than GitHub redelivers", { firstFailedAtMs: NOW - 3 * DAY - 1 }, "give up"],
    ["given up", { givenUp: "no" }, "wait"],
  ])("%s", (_what, change, wanted) => {
    const { ask, giveUp } = plan([missed("one", change)]);
    expect({ ask: ask.length, giveUp: giveUp.length }).toEqual({
      ask: wanted === "ask" ? 1 : 0,
      giveUp: wanted === "give up" ? 1 : 0,
    });
  });

  test("people's requests first, the newest of them before the others, and no more than may be", () => {
    const list = [
      missed("push", { firstFailedAtMs: NOW }),
      missed("old command", { event: "issue_comment" }),
      missed("command of that second", { event: "issue_comment", firstFailedAtMs: NOW, attemptId: "9" }),
      missed("new command", { event: "issue_comment", firstFailedAtMs: NOW, attemptId: "10" }),
      missed("button", { event: "check_run" }),
    ];
    expect(plan(list).ask).toEqual(["new command", "command of that second", "old command", "button", "push"]);
    expect(plan(list, 2).ask).toEqual(["new command", "command of that second"]);
    expect(plan(list, 0).ask).toEqual([]);
  });

  test("while everything fails again, one at a time", () => {
    const list = ["a", "b", "c", "d", "e"].map((guid) => missed(guid, asked(1, 5 * MINUTE, true)));
    expect(plan(list.slice(1)).ask).toHaveLength(4);
    expect(plan(list).ask).toHaveLength(1);
  });
});

test("a delivery that is seen again keeps what was asked, and takes the newest attempt", () => {
  const known = missed("one", { ...asked(2, MINUTE, false), attemptId: "10", firstFailedAtMs: NOW - DAY });
  expect(seenAgain(known, missed("one", { attemptId: "9" }))).toEqual(known);
  expect(seenAgain(known, missed("one", { attemptId: "11", statusCode: 0 }))).toEqual({
    ...known,
    attemptId: "11",
    statusCode: 0,
  });
});
