import { expect, test } from "vitest";
import { verdictOf } from "../../../src/adapters/opa/answer.ts";

const yes = { allow: true, deny: [], waiting: [], warn: [] };
const denial = { rule: "r", message: "m", remedy: "x", controls: ["SI-2"] };
const waiting = { rule: "r", message: "m", on: "people" };

test("a yes, a no, and waiting", () => {
  expect(verdictOf(yes)).toEqual(yes);
  expect(verdictOf({ ...yes, allow: false, deny: [denial] })).toEqual({ ...yes, allow: false, deny: [denial] });
  const verdict = verdictOf({ ...yes, allow: false, waiting: [{ ...waiting, whom: "acme/sre" }, waiting] });
  expect(verdict.waiting).toEqual([{ ...waiting, whom: "acme/sre" }, waiting]);
});

test("valid_until becomes milliseconds by name", () => {
  expect(verdictOf({ ...yes, valid_until: 1_700_000_000_000 })).toEqual({ ...yes, validUntilMs: 1_700_000_000_000 });
});

test.each([
  ["nothing", undefined],
  ["null", null],
  ["true", true],
  ["an empty object", {}],
  ["a list", [yes]],
  ["no warnings", { allow: true, deny: [], waiting: [] }],
  ["no denials", { allow: true, waiting: [], warn: [] }],
  ["allow as a word", { ...yes, allow: "true" }],
  ["allow as a number", { ...yes, allow: 1 }],
  ["a key that nobody knows", { ...yes, neutral: true }],
  ["allow beside a denial", { ...yes, deny: [denial] }],
  ["allow beside waiting", { ...yes, waiting: [waiting] }],
  ["a refusal without a reason", { ...yes, allow: false }],
  ["a denial without a remedy", { ...yes, allow: false, deny: [{ ...denial, remedy: undefined }] }],
  ["a denial without words", { ...yes, allow: false, deny: [{ ...denial, message: "" }] }],
  ["waiting on nobody", { ...yes, allow: false, waiting: [{ ...waiting, on: "nobody" }] }],
  ["waiting on nobody by name", { ...yes, allow: false, waiting: [{ ...waiting, whom: "" }] }],
  ["denials by name instead of as a list", { ...yes, allow: false, deny: { r: denial } }],
  ["a time in words", { ...yes, valid_until: "2026-01-01T00:00:00Z" }],
  ["a time before all time", { ...yes, valid_until: -1 }],
])("%s is no answer", (_name, value) => {
  expect(() => verdictOf(value)).toThrow(/the answer/);
});
