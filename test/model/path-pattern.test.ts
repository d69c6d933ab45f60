import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesPath, readPattern } from "../../src/model/path-pattern.ts";

function matches(pattern: string, path: string): boolean {
  const read = readPattern(pattern);
  if (!read) throw new Error(`${pattern} cannot be read`);
  return matchesPath(read, path);
}

describe("patterns of GitHub's own documentation", () => {
  test.each<[pattern: string, yes: string[], no: string[]]>([
    ["*", ["a", "a/b/c.ts", ".github/x"], []],
    ["*.js", ["a.js", "a/b/c.js", ".js"], ["a.jsx", "js"]],
    ["/build/logs/", ["build/logs/a", "build/logs/b/c"], ["build/logs", "x/build/logs/a"]],
    ["docs/*", ["docs/a.md"], ["docs/build/a.md", "x/docs/a.md", "docs"]],
    ["apps/", ["apps/a", "x/apps/b/c"], ["apps", "myapps/a"]],
    ["/docs/", ["docs/a", "docs/b/c"], ["x/docs/a"]],
    ["/scripts/", ["scripts/x"], ["x/scripts/y"]],
    ["**/logs", ["logs", "build/logs/x", "a/b/logs/c/d", "x/logs"], ["mylogs", "logs.txt"]],
    ["/apps/github", ["apps/github", "apps/github/x"], ["apps/githubs", "x/apps/github"]],
  ])("%s", (pattern, yes, no) => {
    for (const path of yes) expect([path, matches(pattern, path)]).toEqual([path, true]);
    for (const path of no) expect([path, matches(pattern, path)]).toEqual([path, false]);
  });
});

test.each<[pattern: string, yes: string[], no: string[]]>([
  ["/*", ["a"], ["a/b"]],
  ["/**", ["a", "a/b"], []],
  ["**", ["a", "a/b"], []],
  ["infra/**", ["infra/a", "infra/a/b"], ["infra", "x/infra/a"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b/c"], ["b", "a/xb"]],
  ["a/**/**/b", ["a/b", "a/x/b"], ["a/c"]],
  ["file?.txt", ["file1.txt", "x/fileA.txt"], ["file.txt", "file12.txt", "file/.txt"]],
  ["a*b*c", ["abc", "aXbYc", "abbbc", "abc/deep"], ["ab", "abcd", "a/b/c"]],
  ["my\\ file.txt", ["my file.txt", "x/my file.txt"], ["my", "my\\ file.txt"]],
  ["a**b", ["ab", "axxb"], ["a/b"]],
  ["README", ["README", "docs/README", "README/x"], ["readme", "README.md"]],
])("%s", (pattern, yes, no) => {
  for (const path of yes) expect([path, matches(pattern, path)]).toEqual([path, true]);
  for (const path of no) expect([path, matches(pattern, path)]).toEqual([path, false]);
});

test.each(["", "/", "//", "a//b", "!a", "[ab].ts", "a]", "a\\*", "\\#x", "./a", "../a", "a".repeat(1_001)])(
  "cannot be read: %j",
  (pattern) => {
    expect(readPattern(pattern)).toBeUndefined();
  },
);

/** The same by trying everything: slow, and hard to get wrong. */
function reference(parts: (string | null)[], names: string[]): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return names.length === 0;
  const [name, ...others] = names;
  if (part === null) return reference(rest, names) || (name !== undefined && reference(parts, others));
  return name !== undefined && word([...part], [...name]) && reference(rest, others);
}
function word(part: string[], name: string[]): boolean {
  const [letter, ...rest] = part;
  if (letter === undefined) return name.length === 0;
  const [one, ...others] = name;
  if (letter === "*") return word(rest, name) || (one !== undefined && word(part, others));
  return one !== undefined && (letter === "?" || letter === one) && word(rest, others);
}

test("agrees with trying everything", () => {
  const part = fc.constantFrom("a", "b", "ab", "*", "a*", "*b", "a*b", "?", "**", "a?b*");
  const pattern = fc
    .tuple(fc.constantFrom("", "/"), fc.array(part, { minLength: 1, maxLength: 5 }), fc.constantFrom("", "/"))
    .map(([before, parts, after]) => before + parts.join("/") + after);
  const path = fc.array(fc.constantFrom("a", "b", "ab", "aab", "axb", "abb"), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(pattern, path, (text, names) => {
      const read = readPattern(text);
      if (!read) throw new Error(text);
      expect(matchesPath(read, names.join("/"))).toBe(reference(read.parts, names));
    }),
    { numRuns: 3_000 },
  );
});

test("no pattern takes long, whatever it is matched with", () => {
  const stars = readPattern(`${"*a".repeat(400)}b`);
  const folders = readPattern(`${"**/a/".repeat(190)}b`);
  if (!stars || !folders) throw new Error("these can be read");
  // Trying everything would take longer than the universe has lasted, so that ending at all proves it.
  expect(matchesPath(stars, "a".repeat(4_000))).toBe(false);
  expect(matchesPath(folders, Array(2_000).fill("a").join("/"))).toBe(false);
});
