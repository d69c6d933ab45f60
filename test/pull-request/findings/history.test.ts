import { expect, test } from "vitest";
import type { FindingEvent, FindingHistory, ListedFinding } from "../../../src/model/listed-finding.ts";
import { withEvent } from "../../../src/pull-request/findings/history.ts";

const [SHA, OTHER] = ["a".repeat(40), "b".repeat(40)];
const waiver = (until: string) => ({ reason: "known", owner: "ada", until });
const finding: ListedFinding = {
  rule: "sast/eval",
  severity: "high",
  message: "m",
  remedy: "r",
  location: { path: "a.ts", commit: "" },
  fingerprint: "f".repeat(64),
  sinceMs: 5,
};

/** What stands in the history after these, each told by the pull request of that number. */
function told(
  ...news: [what: FindingEvent["what"], until?: string | undefined, number?: number, sha?: string][]
): string[] {
  let history: FindingHistory | undefined;
  for (const [at, [what, until, number = 1, sha = SHA]] of news.entries()) {
    const one = until === undefined ? finding : { ...finding, waiver: waiver(until) };
    history = withEvent(history, "sast", { what, finding: one }, { atMs: at, number, sha }) ?? history;
  }
  return (history?.events ?? []).map((one) => `${one.what}${one.waiver ? ` until ${one.waiver.until}` : ""}`);
}

test("what is told twice, as after a crash, stands there once", () => {
  expect(told(["found"], ["found"])).toEqual(["found"]);
  expect(told(["waived", "Monday"], ["waived", "Monday"], ["waived", "Monday", 2])).toEqual(["waived until Monday"]);
  expect(told(["found"], ["found", undefined, 2], ["found"])).toEqual(["found", "found"]);
});

test("what is fixed and comes back, and a waiver that ends and is renewed, are told at one commit as well", () => {
  expect(told(["found"], ["gone"], ["found"])).toEqual(["found", "gone", "found"]);
  const waived = told(["waived", "Monday"], ["counts-again"], ["waived", "Friday"], ["counts-again"]);
  expect(waived).toEqual(["waived until Monday", "counts-again", "waived until Friday", "counts-again"]);
  expect(told(["waived", "Monday"], ["waived", "Friday"])).toEqual(["waived until Monday", "waived until Friday"]);
  expect(told(["found"], ["found", undefined, 1, OTHER])).toEqual(["found", "found"]);
});
