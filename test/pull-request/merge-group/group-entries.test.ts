import { describe, expect, test } from "vitest";
import type { CommitSummary } from "../../../src/model/pull-request.ts";
import { groupEntries } from "../../../src/pull-request/merge-group/group-entries.ts";

const sha = (name: string): string => Buffer.from(name).toString("hex").padEnd(40, "0");
/** `c <- a b`: commit c on parents a and b. */
const commits = (...lines: string[]): CommitSummary[] =>
  lines.map((line) => {
    const [name = "", parents = ""] = line.split(" <- ");
    return { sha: sha(name), parents: parents.split(" ").map(sha), message: name };
  });
const branch = (number: number, at: string, on: string, base = "main") => ({
  name: `gh-readonly-queue/${base}/pr-${number}-${sha(on)}`,
  base,
  number,
  onSha: sha(on),
  sha: sha(at),
});

describe("what a merge group consists of", () => {
  test("merges, one on the other, each with the head that it merged", () => {
    const range = commits("a1 <- main", "g1 <- main a1", "b1 <- old", "b2 <- b1", "g2 <- g1 b2");
    const branches = [branch(1, "g1", "main"), branch(2, "g2", "g1"), branch(3, "g3", "g2")];
    expect(groupEntries(sha("g2"), "main", branches, range)).toEqual({
      entries: [
        { number: 1, made: [sha("g1")], mergedHead: sha("a1") },
        { number: 2, made: [sha("g2")], mergedHead: sha("b2") },
      ],
      unexplained: [],
    });
  });

  test("squashes and rebases name no head", () => {
    const range = commits("s1 <- main", "r1 <- s1", "r2 <- r1");
    const branches = [branch(1, "s1", "main"), branch(2, "r2", "s1")];
    expect(groupEntries(sha("r2"), "main", branches, range)).toEqual({
      entries: [
        { number: 1, made: [sha("s1")], mergedHead: undefined },
        { number: 2, made: [sha("r2"), sha("r1")], mergedHead: undefined },
      ],
      unexplained: [],
    });
  });

  test("what was merged meanwhile is not in the range and needs no branch", () => {
    const range = commits("g2 <- g1 b1", "b1 <- old");
    expect(groupEntries(sha("g2"), "main", [branch(2, "g2", "g1")], range)).toMatchObject({
      entries: [{ number: 2 }],
      unexplained: [],
    });
  });

  test("a pull request that took in another's queue commit does not hide that one", () => {
    const range = commits("a1 <- main", "g1 <- main a1", "b1 <- g1", "g2 <- g1 b1");
    const branches = [branch(1, "g1", "main"), branch(2, "g2", "g1")];
    expect(groupEntries(sha("g2"), "main", branches, range).entries.map(({ number }) => number)).toEqual([1, 2]);
  });

  test.each([
    [
      "an entry whose branch nobody shows",
      "g2",
      [branch(2, "g2", "g1")],
      ["g1 <- main a1", "a1 <- main", "g2 <- g1 b1", "b1 <- x"],
    ],
    ["an entry of another base", "g1", [branch(1, "g1", "main", "release")], ["g1 <- main a1", "a1 <- main"]],
    ["a commit that is no head's", "g1", [branch(1, "g1", "main")], ["g1 <- main a1", "a1 <- main", "stray <- main"]],
    [
      "a chain that does not reach what it stands on",
      "s1",
      [branch(1, "s1", "s0")],
      ["s1 <- x y", "x <- main", "z <- main"],
    ],
    [
      "two merges for one pull request",
      "m2",
      [branch(1, "m2", "main")],
      ["m2 <- m1 b1", "m1 <- main a1", "a1 <- o", "b1 <- o"],
    ],
  ])("%s is never explained", (_what, tip, branches, range) => {
    expect(groupEntries(sha(tip), "main", branches, commits(...range)).unexplained).toHaveLength(1);
  });
});
