import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newSideOfPatch, prepareFile } from "../../src/scan/secrets.ts";

describe("the new side of a patch", () => {
  test("hunks, context, removals, missing counts and the mark of a missing line end", () => {
    const patch =
      "@@ -1,3 +1,3 @@ function a()\n one\n-two\n+TWO\n three\n@@ -9 +9 @@\n-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file";
    expect(newSideOfPatch(patch, { additions: 2, deletions: 2 })).toEqual({
      text: "one\nTWO\nthree\n\ny",
      lineNumbers: [1, 2, 3, 0, 9],
      added: new Set([2, 9]),
    });
  });

  test("CRLF", () => {
    expect(newSideOfPatch("@@ -0,0 +1,2 @@\r\n+a\r\n+b\r\n").text).toBe("a\nb");
  });

  test("content that looks like a header is content", () => {
    const side = newSideOfPatch("@@ -1,2 +1,2 @@\n--- a/x\n-@@ -1 +1 @@\n+++ b/x\n+@@ -1 +1 @@", {
      additions: 2,
      deletions: 2,
    });
    expect(side).toMatchObject({ text: "++ b/x\n@@ -1 +1 @@", lineNumbers: [1, 2] });
    expect(side.truncated).toBeUndefined();
  });

  test("a new file whose last line is empty", () => {
    expect(newSideOfPatch("@@ -0,0 +1,2 @@\n+a\n+", { additions: 2, deletions: 0 })).toMatchObject({
      text: "a\n",
      lineNumbers: [1, 2],
    });
  });

  test.each([
    ["@@ -1,3 +1,3 @@\n one\n-two", "the patch ends inside a hunk"],
    ["@@ -0,0 +1 @@\n+a", "the patch shows +1 −0 of +5 −0 lines"],
    ["diff --git a b", "the patch holds a line outside of its hunks"],
    ["@@ -0,0 +1,2 @@\n+a\nb", "the patch does not hold what its hunk header says"],
    ["", "the patch shows +0 −0 of +5 −0 lines"],
  ])("%j is truncated", (patch, truncated) => {
    expect(newSideOfPatch(patch, { additions: 5, deletions: 0 }).truncated).toBe(truncated);
  });

  test("any text: no throw, and each line has its number", () => {
    const line = fc.oneof(fc.string(), fc.constantFrom("@@ -1,2 +3,4 @@", "+a", "-b", " c", "\\ No", ""));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const side = newSideOfPatch(lines.join("\n"));
        expect(side.lineNumbers.length).toBe(
          side.text === "" && side.lineNumbers.length === 0 ? 0 : side.text.split("\n").length,
        );
        for (const added of side.added) expect(side.lineNumbers).toContain(added);
      }),
    );
  });
});

const BEGIN = `-----BEGIN PRIV${"ATE"} KEY-----`;
const END = `-----END PRIV${"ATE"} KEY-----`;

describe("how a changed file is scanned", () => {
  const file = {
    path: "a",
    status: "modified",
    additions: 1,
    deletions: 0,
    blobSha: "b",
    patch: "@@ -0,0 +1 @@\n+a",
  } as const;
  const { patch: _patch, ...withoutPatch } = file;
  test.each([
    [file, "ready"],
    [withoutPatch, "blob"],
    [{ ...file, additions: 2 }, "blob"],
    [{ ...withoutPatch, status: "removed" }, "nothing"],
    [{ ...withoutPatch, status: "renamed", additions: 0 }, "blob"],
    [{ ...withoutPatch, status: "renamed" }, "blob"],
    [{ ...withoutPatch, status: "added", additions: 0 }, "blob"],
    [{ ...file, patch: "@@ -1 +0,0 @@\n-a", additions: 0, deletions: 1 }, "nothing"],
    [{ ...file, patch: `@@ -0,0 +1 @@\n+${BEGIN}` }, "blob"],
    [{ ...file, patch: `@@ -1 +1,2 @@\n+x\n ${END}` }, "blob"],
    [{ ...file, patch: `@@ -0,0 +1 @@\n+${BEGIN}x${END}` }, "ready"],
    [{ ...file, patch: `@@ -1 +1,2 @@\n ${END}\n+${BEGIN}` }, "blob"],
    [{ ...file, patch: `@@ -1 +1,2 @@\n ${BEGIN}\n+x\n@@ -9 +10 @@\n ${END}` }, "blob"],
  ] as const)("%# %j", (changed, kind) => {
    expect(prepareFile(changed).kind).toBe(kind);
  });
});
