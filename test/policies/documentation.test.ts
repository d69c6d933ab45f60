import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const document = read("docs/policies.md");
const rows = [...document.matchAll(/^\| `([a-z_.]+)` +\| [a-z]/gm)].map((row) => row[1]);

test("every field that the default policy asks for has a row", () => {
  const fields = [
    ...read("policies/shape.rego").matchAll(/^\t"([a-z_.]+)": \{"(?:string|number|boolean|array|object|null)"/gm),
  ].map((field) => field[1]);
  expect(fields.length).toBeGreaterThan(30);
  expect(fields.filter((field) => !rows.includes(field))).toEqual([]);
});

test("every name in the input's types is in the document", () => {
  const types = read("src/model/checker-input.ts").replace(/\/\*\*[\s\S]*?\*\//g, "");
  const names = [...types.matchAll(/\b([a-z_]+)\??: /g)].map((name) => name[1] ?? "");
  expect(new Set(names).size).toBeGreaterThan(40);
  expect([...new Set(names)].filter((name) => !new RegExp(`[\`.]${name}\``).test(document))).toEqual([]);
});

test("the example in the text is the one that is tested", () => {
  const example = read("docs/examples/policy/release_branches.rego");
  for (const line of [
    "import data.hms.approvals",
    "count(approvals.approvers) < 2",
    '"rule": "release-branch-approvals"',
  ]) {
    expect(document).toContain(line);
    expect(example).toContain(line);
  }
});
