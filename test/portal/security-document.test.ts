import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../../", import.meta.url);
const text = readFileSync(new URL("docs/security.md", ROOT), "utf8");
const threats = text
  .slice(text.indexOf("## Threats, controls, tests"))
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(2);

test("every threat names the tests that try to break its control, or says that it does not apply yet", () => {
  expect(threats.length).toBeGreaterThan(20);
  for (const row of threats) expect(row).toMatch(/`test\/[\w/.-]+\.test\.ts`|not in this version/);
});

test("every test that it names is there", () => {
  const named = [...text.matchAll(/`(test\/[\w/.-]+)`/g)].map(([, path = ""]) => path);
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
});
