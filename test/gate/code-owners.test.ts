import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Owners, ownersOf, readCodeOwners } from "../../src/gate/code-owners.ts";

const of = (text: string, path: string): Owners | undefined => ownersOf(readCodeOwners(text), [path]).get(path);
const owners = (...names: string[]): Owners => ({ kind: "owners", owners: names });
const unknown = (reason: string): Owners => ({ kind: "unknown", reason: expect.stringContaining(reason) as string });
const nobody: Owners = { kind: "none" };

const FILE = `# A comment
*       @global-owner1 @global-owner2

*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats docs@example.com
/build/logs/ @doctocat
docs/*  @Docs-Owner
/apps/ @octocat
/apps/github
my\\ file.md @space
\t/tabbed\t@a\t@b
`;

describe("a file as GitHub documents it", () => {
  test.each<[path: string, Owners]>([
    ["x.ts", owners("@global-owner1", "@global-owner2")],
    ["a/x.js", owners("@js-owner")],
    ["x.txt", owners("@octo-org/octocats")],
    ["build/logs/x.js", owners("@doctocat")],
    ["docs/a.js", owners("@docs-owner")],
    ["docs/b/a.js", owners("@js-owner")],
    ["apps/x", owners("@octocat")],
    ["apps/github/x.js", nobody],
    ["my file.md", owners("@space")],
    ["tabbed", owners("@a", "@b")],
    ["main.go", unknown("line 5 of CODEOWNERS names its owner by an e-mail address only")],
  ])("%s", (path, expected) => {
    expect(of(FILE, path)).toEqual(expected);
  });
});

describe("a line that GitHub passes over", () => {
  test.each([
    ["* @all\n*.ts ada\n", "line 2 of CODEOWNERS names an owner that is neither"],
    ["* @all\n*.ts @ada @\n", "line 2 of CODEOWNERS names an owner"],
    ["* @all\n*.ts @a/b/c\n", "line 2 of CODEOWNERS names an owner"],
    ["* @all\n!*.ts @ada\n", "line 2 of CODEOWNERS has a pattern"],
    ["* @all\n[ab].ts @ada\n", "line 2 of CODEOWNERS has a pattern"],
  ])("%j makes the file's owner unknown", (text, reason) => {
    expect(of(text, "x.ts")).toEqual(unknown(reason));
  });

  test("does not when a later line names the file, or its pattern does not", () => {
    expect(of("[ab].ts @ada\n*.ts @grace\n", "x.ts")).toEqual(owners("@grace"));
    expect(of("* @all\n*.js broken\n", "x.ts")).toEqual(owners("@all"));
  });
});

test("nothing in it, nothing asked", () => {
  expect(of("", "x")).toEqual(nobody);
  expect(of("# only a comment\r\n\r\n", "x")).toEqual(nobody);
  expect(of("*.js @a", "x.ts")).toEqual(nobody);
  expect(of("*", "x.ts")).toEqual(nobody);
});

test("Windows line ends are no part of an owner", () => {
  expect(of("* @ada\r\n*.md @grace\r\n", "x.md")).toEqual(owners("@grace"));
});

test("whatever is in it: never throws, and a file has owners, none, or nobody knows", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 300 }),
      fc.string({ minLength: 1, maxLength: 60 }),
      (text, path) => {
        expect(["none", "owners", "unknown"]).toContain(of(text, path)?.kind);
      },
    ),
  );
});

test("more comparisons than can be made are not made", () => {
  const file = readCodeOwners("*.x @a\n".repeat(20_001));
  const found = ownersOf(
    file,
    Array.from({ length: 1_000 }, (_, i) => `${i}.y`),
  );
  expect(found.get("7.y")).toEqual(unknown("too many lines"));
});
