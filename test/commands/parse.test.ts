import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseComment } from "../../src/commands/parse.ts";

const SHA = "0123456789abcdef0123456789abcdef01234567";

const commands = (body: string) => parseComment(body).map((line) => (line.ok ? line.command : line.problem));

describe("commands", () => {
  test.each([
    ["/hms", [{ verb: "help" }]],
    ["/hms help", [{ verb: "help" }]],
    ["/HMS WHY", [{ verb: "why" }]],
    ["   /hms retry   ", [{ verb: "retry" }]],
    ["/hms\tunhold", [{ verb: "unhold" }]],
    ["/hms why please", [{ verb: "why" }]],
    ["/hms hold", [{ verb: "hold", reason: "" }]],
    ["/hms hold until   Monday", [{ verb: "hold", reason: "until Monday" }]],
    [`/hms ok-to-test ${SHA}`, [{ verb: "ok-to-test", sha: SHA }]],
    [`/hms ok-to-test ${SHA.toUpperCase()}`, [{ verb: "ok-to-test", sha: SHA }]],
    [`/hms ok-to-test ${SHA.slice(0, 3)}\u200b${SHA.slice(3)}`, [{ verb: "ok-to-test", sha: SHA }]],
    [`/hms override a-rule ${SHA} it is fine`, [{ verb: "override", rule: "a-rule", sha: SHA, reason: "it is fine" }]],
    ["/hms preview up", [{ verb: "preview", action: "up" }]],
    ["/hms Preview DOWN please", [{ verb: "preview", action: "down" }]],
    ["/hms preview extend 24h", [{ verb: "preview", action: "extend", byMs: 86_400_000 }]],
    ["Thanks!\r\n\r\n/hms why\r\n/hms retry\r\nBye", [{ verb: "why" }, { verb: "retry" }]],
    ["/hms why\r/hms retry", [{ verb: "why" }, { verb: "retry" }]],
  ])("%j", (body, expected) => {
    expect(commands(body)).toEqual(expected);
  });

  test.each([
    [`/hms ok-to-test ${SHA.slice(1)}`, "40 digits"],
    [`/hms ok-to-test ${SHA}0`, "40 digits"],
    [`/hms ok-to-test ${SHA} now`, "40 digits"],
    [`/hms ok-to-test main`, "40 digits"],
    ["/hms override", "40 digits"],
    [`/hms override a-rule ${SHA.slice(1)} why`, "40 digits"],
    [`/hms override ../rule ${SHA} why`, "40 digits"],
    [`/hms override A-Rule ${SHA} why`, "40 digits"],
    [`/hms override a-rule ${SHA}`, "reason"],
    ["/hms preview", "up|down|extend"],
    ["/hms preview constructor", "up|down|extend"],
    ["/hms preview slep", "Did you mean /hms preview sleep"],
    ["/hms preview extend -1h", "from 1m to 30d"],
    ["/hms preview extend 1e3h", "from 1m to 30d"],
    ["/hms hodl", "Did you mean /hms hold"],
    ["/hms halp", "Did you mean /hms help"],
    ["/hms abracadabra", "/hms help lists them"],
    ["/hms __proto__", "/hms help lists them"],
    ["/hms constructor", "/hms help lists them"],
    ["/hms rollback production", "not in this version"],
  ])("%j is no command: %s", (body, problem) => {
    expect(commands(body)).toEqual([expect.stringContaining(problem)]);
  });
});

describe("talk about commands", () => {
  test.each([
    "> /hms hold",
    "   > /hms hold",
    "```\n/hms hold\n```",
    "````\n```\n/hms hold\n````",
    "```\n~~~\n/hms hold\n```",
    "```\na\n```js\n/hms hold\n```",
    "```\n/hms hold",
    "~~~ `x`\n/hms hold\n~~~",
    "    /hms hold",
    "\t/hms hold",
    "<!-- /hms hold -->",
    "<!--\n/hms hold\n-->",
    "<!--\n/hms hold",
    "`/hms hold`",
    "- /hms hold",
    "please /hms hold",
    "/hmsx hold",
    "/hms/hold",
  ])("%j", (body) => {
    expect(parseComment(body)).toEqual([]);
  });

  test.each([
    ["after a quote", "> /hms hold\n\n/hms why"],
    ["after a block", "```\n/hms hold\n```\n/hms why"],
    ["after a longer closing fence", "```\n/hms hold\n`````  \n/hms why"],
    ["after a HTML comment", "<!-- /hms hold -->\n/hms why"],
    ["after backticks that open no block", "```/hms hold``` it said\n/hms why"],
  ])("%s a command counts again", (_where, body) => {
    expect(commands(body)).toEqual([{ verb: "why" }]);
  });
});

describe("any text", () => {
  const word = fc.oneof(
    fc.constantFrom("/hms", "hold", "unhold", "override", "ok-to-test", SHA, "no-high-findings", "```", "~~~", "<!--"),
    fc.constantFrom("-->", "\n", "\r\n", " ", "\t", "> ", "    ", "__proto__", "\u200b", "\u2028", "\u0000"),
    fc.string({ unit: "binary" }),
  );
  const text = fc.array(word, { maxLength: 60 }).map((words) => words.join(""));

  test("is parsed without a throw, into ten commands at most, each bound to a full SHA and of a bounded size", () => {
    fc.assert(
      fc.property(text, (body) => {
        const lines = parseComment(body);
        expect(lines.length).toBeLessThanOrEqual(10);
        for (const line of lines) {
          expect(line.line).toMatch(/^\/hms/i);
          if (!line.ok) continue;
          if ("sha" in line.command) expect(line.command.sha).toMatch(/^[0-9a-f]{40}$/);
          if ("rule" in line.command) expect(line.command.rule).toMatch(/^[a-z0-9][a-z0-9/-]*$/);
          if ("reason" in line.command) expect(line.command.reason.length).toBeLessThanOrEqual(500);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("in a quote is no command", () => {
    fc.assert(
      fc.property(text, (body) => {
        const quoted = body.split(/\r\n|\r|\n/).map((line) => `> ${line}`);
        expect(parseComment(quoted.join("\n"))).toEqual([]);
      }),
    );
  });
});
