import { describe, expect, test } from "vitest";
import { readCommit, readComparison, readTree } from "../../../src/adapters/github/commit-reads.ts";

const SHA = "a".repeat(40);
const SUMMARY = { sha: SHA, parents: [], commit: { message: "m" }, author: null, committer: null };

function file(filename: string, additions = 1) {
  return { filename, status: "modified", additions, deletions: 0, sha: "b".repeat(40), patch: "@@ -0,0 +1 @@\n+a" };
}

/** Answers one page after the other. */
function pages(...bodies: object[]) {
  let at = 0;
  return async () => ({ data: bodies[at++], link: at < bodies.length ? '<x>; rel="next"' : undefined });
}

describe("a commit's files", () => {
  test.each([
    ["a list", [{ files: [file("a")] }], true],
    ["an empty list", [{ files: [] }], true],
    ["no list", [{}], false],
    ["no list on the second page", [{ files: [file("a")] }, {}], false],
    ["as many lines as the sum says", [{ files: [file("a", 3)], stats: { total: 3 } }], true],
    ["fewer lines than the sum says", [{ files: [file("a", 3)], stats: { total: 5 } }], false],
    ["fewer lines, but a list of several pages", [{ files: [file("a")], stats: { total: 5 } }, { files: [] }], true],
  ])("%s", async (_name, bodies, complete) => {
    const read = await readCommit(pages(...bodies.map((body) => ({ ...SUMMARY, ...body }))), SHA);
    expect(read.complete).toBe(complete);
    expect(read.summary.sha).toBe(SHA);
  });
});

test("a comparison without a list, or with a full one, is not complete", async () => {
  const complete = async (body: object) => (await readComparison(pages(body), "a", "b")).complete;
  expect(await complete({ files: [file("a")] })).toBe(true);
  expect(await complete({})).toBe(false);
  expect(await complete({ files: Array.from({ length: 300 }, (_, at) => file(String(at))) })).toBe(false);
});

test("a tree's files with sizes, submodules without, folders not at all", async () => {
  const tree = [
    { path: "a", type: "tree", sha: "1" },
    { path: "a/b", type: "blob", sha: "2", size: 7 },
    { path: "c", type: "commit", sha: "3" },
  ];
  expect([...(await readTree(pages({ tree, truncated: false }), SHA))]).toEqual([
    ["a/b", { sha: "2", sizeBytes: 7 }],
    ["c", { sha: "3" }],
  ]);
  for (const [truncated, whole] of [
    [false, true],
    [true, false],
    [undefined, false],
  ] as const)
    expect((await readTree(pages({ tree, truncated }), SHA)).whole).toBe(whole);
});
