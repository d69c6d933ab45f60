import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeMarkdown, inlineCode, joinWithin, tableCode } from "../../src/model/markdown.ts";

const Z = "\u200b";

describe("escapeMarkdown", () => {
  test.each([
    ["hi @acme/sre", `hi @${Z}acme/sre`],
    ["fixes #12", `fixes \\#${Z}12`],
    ["gh-12", `gh\\-${Z}12`],
    ["<img src=x>", "\\<img src\\=x\\>"],
    ["[x](https://evil.dev)", `\\[x\\]\\(https:${Z}//evil.dev\\)`],
    ["www.evil.dev", `www${Z}.evil.dev`],
    ["a\n# b\r\n- c", "a \\# b \\- c"],
    ["1. x", "1\\. x"],
    ["a|b `c` **d** ~~e~~", "a\\|b \\`c\\` \\*\\*d\\*\\* \\~\\~e\\~\\~"],
    ["&amp;", "\\&amp;"],
    ["    code", " code"],
    ["\u202edrowssap\u0000", " drowssap "],
    ["defaced 0123456789ab", `defaced 012${Z}3456789ab`],
  ])("%j", (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });

  test("any text: one line, no bare markup, mention or link", () => {
    const unit = fc.constantFrom(..."@#<>[]()`*_|\\-:/w.&!~$=\n 1ag", "https://", "www.", "GH-1");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
        const escaped = escapeMarkdown(text);
        expect(escaped).not.toMatch(/[\n\r]/);
        expect(escaped.replace(/\\[\\`*_{}[\]()<>#+!|~$^=&.-]/g, "•")).not.toMatch(
          /[\\`*_[\]()<>#|~$&]|@(?!\u200b)|:\/\/|www\./i,
        );
      }),
      { numRuns: 1000 },
    );
  });
});

describe("code", () => {
  test.each([
    ["a", "`a`"],
    ["a`b", "`` a`b ``"],
    ["``", "``` `` ```"],
    [" a", "`  a `"],
    ["a\nb", "`a b`"],
    ["", "` `"],
  ])("%j", (text, code) => {
    expect(inlineCode(text)).toBe(code);
  });

  test.each([
    ["a|b", "`a\\|b`"],
    ["a\\|b", "`a∖\\|b`"],
  ])("in a table: %j", (text, code) => {
    expect(tableCode(text)).toBe(code);
  });

  test("any text: the closing fence is the only run of its length, and no cell is left", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."`|\\a \n") }), (text) => {
        const code = tableCode(text);
        const fence = /^`+/.exec(code)?.[0] ?? "";
        expect((code.match(/`+/g) ?? []).filter((run) => run === fence)).toHaveLength(2);
        expect(code).not.toMatch(/(?<!\\)(?:\\\\)*\|/);
      }),
      { numRuns: 1000 },
    );
  });
});

test("joinWithin cuts whole lines, stays within its bytes and says so", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" })), fc.integer({ min: 40, max: 300 }), (lines, limit) => {
      const text = joinWithin(lines, limit, (leftOut) => `${leftOut} left out`);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
      if (text !== lines.join("\n")) expect(text).toMatch(/\n\n[1-9]\d* left out$/);
    }),
  );
});
