import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesUnder, ROOT } from "../tidiness/tree.ts";

test("every metric has a row in docs/operating.md, and what that page names is there", () => {
  const document = readFileSync(join(ROOT, "docs/operating.md"), "utf8");
  const sources = filesUnder(["src/telemetry"], [".ts"]).map(({ text }) => text);
  const made = sources.flatMap((text) => [...text.matchAll(/\bname: "(hms_[a-z_]+)"/g)].map(([, name = ""]) => name));
  const rows = [...document.matchAll(/^\| `(hms_[a-z_]+)(?:\{[a-z,]+\})?` +\|/gm)].map(([, name = ""]) => name);
  expect(made.length).toBeGreaterThan(20);
  expect(rows.sort()).toEqual(made.sort());
  const named = [...document.matchAll(/\bhms_[a-z]+_[a-z_]+\b/g)].map(([name]) => name);
  expect(named.filter((name) => !made.includes(name))).toEqual([]);
});
