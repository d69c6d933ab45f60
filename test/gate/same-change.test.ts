import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Change, type Comparison, changeOf, likeness } from "../../src/gate/same-change.ts";
import { sha256Hex } from "../../src/model/canonical-json.ts";
import type { ChangedFile } from "../../src/model/pull-request.ts";

const OLD_BASE = "1".repeat(40);
const NEW_BASE = "2".repeat(40);

/** A patch of one hunk per edit: the edited line is replaced, with up to three lines around it. */
function patch(before: string[], after: string[], edits: [old: number, fresh: number][]): string {
  return edits
    .map(([old, fresh]) => {
      const from = Math.max(0, old - 3);
      const to = Math.min(before.length, old + 4);
      const newFrom = fresh - (old - from);
      const lines = [
        ...before.slice(from, old).map((line) => ` ${line}`),
        `-${before[old]}`,
        `+${after[fresh]}`,
        ...before.slice(old + 1, to).map((line) => ` ${line}`),
      ];
      return [`@@ -${from + 1},${to - from} +${newFrom + 1},${to - from} @@ heading`, ...lines].join("\n");
    })
    .join("\n");
}

function file(path: string, text: string[], diff: string | undefined, change: Partial<ChangedFile> = {}): ChangedFile {
  const count = (sign: string) => diff?.split("\n").filter((line) => line.startsWith(sign)).length ?? 0;
  return {
    path,
    status: "modified",
    additions: count("+"),
    deletions: count("-"),
    blobSha: sha256Hex(text.join("\n")).slice(0, 40),
    ...(diff === undefined ? {} : { patch: diff }),
    ...change,
  };
}

function compared(mergeBase: string, ...files: ChangedFile[]): Comparison {
  return { mergeBase, files, complete: true };
}

function change(comparison: Comparison, mode = "100644"): Change {
  const tree = new Map(comparison.files.map((one) => [one.path, { sha: one.blobSha ?? "", mode }]));
  const made = changeOf(comparison, tree);
  if (!made) throw new Error("the change cannot be told");
  return made;
}

const lines = (prefix: string, n: number) => Array.from({ length: n }, (_, i) => `${prefix} ${i}`);
const replaced = (text: string[], at: number, line: string) => text.with(at, line);

/** Two functions that look alike: the same edit in either has the same surroundings. */
const TWINS = [
  ...lines("a", 5),
  "open",
  "x",
  "y",
  "check",
  "y",
  "x",
  "shut",
  ...lines("b", 5),
  "open",
  "x",
  "y",
  "check",
  "y",
  "x",
  "shut",
];
const FIRST = 8;
const SECOND = 20;

describe("the same change", () => {
  const before = lines("line", 30);
  const after = replaced(before, 20, "edited");
  const reviewed = change(compared(OLD_BASE, file("a.ts", after, patch(before, after, [[20, 20]]))));
  // The base put two lines in front.
  const baseAfter = [before[0] ?? "", "new 1", "new 2", ...before.slice(1)];
  const base = compared(
    OLD_BASE,
    file("a.ts", baseAfter, "@@ -1,4 +1,6 @@\n line 0\n+new 1\n+new 2\n line 1\n line 2\n line 3"),
  );
  const updated = replaced(baseAfter, 22, "edited");
  const head = change(compared(NEW_BASE, file("a.ts", updated, patch(baseAfter, updated, [[22, 22]]))));

  test("at the same base: the same files", () => {
    expect(likeness(reviewed, structuredClone(reviewed))).toBe("same");
  });

  test("at a later base that did not touch the file: asks for nothing more", () => {
    expect(likeness(reviewed, { ...reviewed, mergeBase: NEW_BASE })).toBe("same");
  });

  test("at a later base that moved its lines: they moved just as far", () => {
    expect(likeness(reviewed, head)).toBe("ask-base");
    expect(likeness(reviewed, head, base)).toBe("same");
  });

  test("moved by anything else than the base: different", () => {
    expect(likeness(reviewed, head, { ...base, files: [] })).toBe("different");
    expect(likeness(reviewed, head, { ...base, mergeBase: NEW_BASE })).toBe("different");
    const elsewhere = compared(
      OLD_BASE,
      file("a.ts", baseAfter, "@@ -1,4 +1,5 @@\n line 0\n+new 1\n line 1\n line 2\n line 3"),
    );
    expect(likeness(reviewed, head, elsewhere)).toBe("different");
    const behind = compared(OLD_BASE, file("a.ts", baseAfter, "@@ -29,2 +29,4 @@\n line 28\n+new 1\n+new 2\n line 29"));
    expect(likeness(reviewed, head, behind)).toBe("different");
    const over = compared(
      OLD_BASE,
      file("a.ts", baseAfter, "@@ -20,3 +20,5 @@\n line 19\n-line 20\n+new 1\n+new 2\n+line 20\n line 21"),
    );
    expect(likeness(reviewed, head, over)).toBe("different");
  });

  test("the same lines in another function that looks alike: different", () => {
    const at = (place: number) => {
      const text = replaced(TWINS, place, "allow");
      return change(compared(OLD_BASE, file("a.ts", text, patch(TWINS, text, [[place, place]]))));
    };
    expect(at(FIRST).files[0]?.lines).toBe(at(SECOND).files[0]?.lines);
    expect(likeness(at(FIRST), at(SECOND))).toBe("different");
    expect(likeness(at(FIRST), { ...at(SECOND), mergeBase: NEW_BASE }, compared(OLD_BASE))).toBe("different");
  });
});

describe("files without a patch", () => {
  const image = (content: string, more: Partial<ChangedFile> = {}) => file("logo.png", [content], undefined, more);
  const reviewed = change(compared(OLD_BASE, image("y")));

  test("count by their blob", () => {
    expect(likeness(reviewed, change(compared(OLD_BASE, image("z"))))).toBe("different");
    expect(likeness(reviewed, change(compared(NEW_BASE, image("z"))), compared(OLD_BASE))).toBe("different");
  });

  test("may undo what the base did to them", () => {
    const head = change(compared(NEW_BASE, image("y")));
    expect(likeness(reviewed, head)).toBe("ask-base");
    expect(likeness(reviewed, head, compared(OLD_BASE))).toBe("same");
    expect(likeness(reviewed, head, compared(OLD_BASE, image("x")))).toBe("different");
    expect(likeness(reviewed, head, compared(OLD_BASE, file("b", [], undefined, { previousPath: "logo.png" })))).toBe(
      "different",
    );
    expect(likeness(reviewed, head, { ...compared(OLD_BASE), complete: false })).toBe("different");
  });
});

describe("a change that cannot be told in full", () => {
  const text = lines("line", 9);
  const after = replaced(text, 4, "edited");
  const good = file("a.ts", after, patch(text, after, [[4, 4]]));
  const tree = new Map([["a.ts", { sha: good.blobSha ?? "", mode: "100644" }]]);
  test.each<[string, Comparison, typeof tree]>([
    ["the list is cut", { ...compared(OLD_BASE, good), complete: false }, tree],
    ["no merge base", { files: [good], complete: true }, tree],
    ["the tree is cut", compared(OLD_BASE, good), new Map()],
    [
      "the tree names another blob",
      compared(OLD_BASE, good),
      new Map([["a.ts", { sha: "f".repeat(40), mode: "100644" }]]),
    ],
    [
      "the patch is cut",
      compared(OLD_BASE, { ...good, patch: good.patch?.split("\n").slice(0, -1).join("\n") ?? "" }),
      tree,
    ],
    ["the patch has fewer lines than were counted", compared(OLD_BASE, { ...good, additions: 2 }), tree],
    ["the patch is none", compared(OLD_BASE, { ...good, patch: "hello" }), tree],
    ["no blob", compared(OLD_BASE, { ...good, blobSha: null }), tree],
  ])("%s", (_, comparison, entries) => {
    expect(changeOf(comparison, entries)).toBeUndefined();
  });

  test("a whole one is", () => {
    expect(changeOf(compared(OLD_BASE, good), tree)).toBeDefined();
  });

  test("a removed file has no mode and needs none", () => {
    const removed = file("a.ts", [], "@@ -1 +0,0 @@\n-gone", { status: "removed" });
    expect(changeOf(compared(OLD_BASE, removed), new Map())?.files[0]?.mode).toBeNull();
  });
});

describe("whatever is done to the content", () => {
  const words = fc.stringMatching(/^[a-z ]{0,6}$/);
  const scene = fc.record({
    before: fc.array(words, { minLength: 8, maxLength: 30 }),
    at: fc.nat(100),
    line: words,
    shift: fc.array(words, { maxLength: 4 }),
  });
  /** The change at the reviewed commit and, after the base put `shift` in front of the file, at the head. */
  const build = ({ before, at, line, shift }: { before: string[]; at: number; line: string; shift: string[] }) => {
    const place = at % before.length;
    const edited = `${line}!`;
    const one = (text: string[], mergeBase: string, where: number) => {
      const after = replaced(text, where, edited);
      return compared(mergeBase, file("a.ts", after, patch(text, after, [[where, where]])));
    };
    const moved = [...shift, ...before];
    const inserted = [`@@ -1,1 +1,${shift.length + 1} @@`, ...shift.map((each) => `+${each}`), ` ${before[0]}`].join(
      "\n",
    );
    const base = compared(OLD_BASE, ...(shift.length === 0 ? [] : [file("a.ts", moved, inserted)]));
    return { reviewed: one(before, OLD_BASE, place), head: one(moved, NEW_BASE, place + shift.length), base };
  };

  // Near the start of the file the inserted lines become part of what surrounds the edit.
  const same = ({ at, before, shift }: { at: number; before: string[]; shift: string[] }) =>
    shift.length === 0 || at % before.length >= 3;

  test("moved by the base it is the same", () => {
    fc.assert(
      fc.property(scene, (given) => {
        fc.pre(same(given));
        const { reviewed, head, base } = build(given);
        expect(likeness(change(reviewed), change(head), base)).toBe("same");
      }),
    );
  });

  test("one line more, less or other, a blank, a mode, a path or a status makes it different", () => {
    const spoiled = fc.constantFrom<(patched: ChangedFile) => ChangedFile>(
      (one) => ({ ...one, path: "b.ts" }),
      (one) => ({ ...one, previousPath: "b.ts" }),
      (one) => ({ ...one, status: "added" }),
      (one) => ({ ...one, patch: one.patch?.replace(/^\+(.*)$/m, "+$1 ") ?? "" }),
      (one) => ({ ...one, patch: one.patch?.replace(/^-(.*)$/m, "-$1 ") ?? "" }),
      (one) => ({ ...one, patch: one.patch?.replace(/^ (.*)$/m, "  $1") ?? "" }),
      (one) => ({ ...one, patch: `${one.patch}\n\\ No newline at end of file` }),
      (one) => ({
        ...one,
        additions: one.additions + 1,
        patch:
          one.patch?.replace(/^(@@ -\S+ \+\d+,)(\d+)([\s\S]*)$/, (_, a, n, b) => `${a}${Number(n) + 1}${b}\n+evil`) ??
          "",
      }),
      (one) => {
        const { patch: _, ...rest } = one;
        return rest;
      },
    );
    fc.assert(
      fc.property(scene, spoiled, (given, spoil) => {
        const { reviewed, head, base } = build(given);
        const bad = { ...head, files: head.files.map((one) => spoil({ ...one, blobSha: "e".repeat(40) })) };
        expect(likeness(change(reviewed), change(bad), base)).toBe("different");
      }),
    );
  });

  test("a mode, a file more or a file less makes it different", () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { reviewed, head, base } = build(given);
        const added = {
          ...head,
          files: [...head.files, file("z.ts", [], "@@ -0,0 +1 @@\n+evil", { status: "added" })],
        };
        expect(likeness(change(reviewed), change(head, "100755"), base)).toBe("different");
        expect(likeness(change(reviewed), change(head, "120000"), base)).toBe("different");
        expect(likeness(change(reviewed), change(added), base)).toBe("different");
        expect(likeness(change(added), change(head), base)).toBe("different");
      }),
    );
  });
});
