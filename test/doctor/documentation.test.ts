import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

test("every code of the doctor has a row in docs/getting-started.md, and no row is left over", () => {
  const document = readFileSync(join(ROOT, "docs/getting-started.md"), "utf8");
  const rows = [...document.matchAll(/^\| `([a-z-]+)` +\| [^|]{20,}\|$/gm)].map((row) => row[1]);
  const sources = [
    ...readdirSync(join(ROOT, "src/doctor")).map((name) => join(ROOT, "src/doctor", name)),
    join(ROOT, "src/run-doctor.ts"),
  ];
  const codes = sources.flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(/\.(?:ok|warn|fail|unknown)\(\s*"([a-z-]+)"/g)].map((match) => match[1]),
  );
  expect(codes.length).toBeGreaterThan(30);
  expect([...rows].sort()).toEqual([...new Set(codes)].sort());
});
