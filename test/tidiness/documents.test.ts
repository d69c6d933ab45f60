import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { filesUnder, ROOT } from "./tree.ts";

const atTop = readdirSync(ROOT).filter((name) => name.endsWith(".md"));
const documents = new Map([
  ...filesUnder(["docs"], [".md"]).map(({ path, text }) => [path, text] as const),
  ...atTop.map((name) => [name, readFileSync(join(ROOT, name), "utf8")] as const),
]);

/** How GitHub names a heading's anchor: in lower case, blanks as dashes, without other punctuation and without what a link leads to. */
function anchorsIn(text: string): Set<string> {
  const headings = [...withoutCode(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => heading);
  const names = headings.map((heading) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set(names);
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, "");
}

describe.each([...documents.keys()])("%s", (path) => {
  const text = documents.get(path) ?? "";

  test("every link within the project leads somewhere", () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to).filter((to) => !/^https?:/.test(to));
    const dead = links.filter((to) => {
      const [file = "", anchor] = to.split("#");
      const target = file === "" ? path : posix.join(posix.dirname(path), file);
      if (!existsSync(join(ROOT, target))) return true;
      const known = documents.get(target);
      return anchor !== undefined && known !== undefined && !anchorsIn(known).has(anchor);
    });
    expect(dead).toEqual([]);
  });

  test("every script that it has people run is one of package.json", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
    const named = [...text.matchAll(/\bnpm run ([a-z][a-z:-]*)/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

test("the documents are found", () => expect(documents.size).toBeGreaterThan(20));
