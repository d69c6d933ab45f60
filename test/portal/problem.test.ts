import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PROBLEMS, type ProblemCode, type ProblemKind, problem } from "../../src/portal/problem.ts";

const text = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end).trim(), section.slice(end).trim()] as const;
    }),
);

test("every code has a section in docs/errors.md, in order, and no section is of a code that there is not", () => {
  expect([...sections.keys()]).toEqual(Object.keys(PROBLEMS).sort());
});

test.each(Object.keys(PROBLEMS) as ProblemCode[])("the section of %s says its status and what it means", (code) => {
  const { status }: ProblemKind = PROBLEMS[code];
  expect(sections.get(code)).toContain(`**${status}**`);
  expect(sections.get(code)?.length).toBeGreaterThan(60);
});

test("a problem leads to its section", async () => {
  const body = (await problem("cursor-refused", "It was changed.").json()) as { type: string };
  expect(body.type).toMatch(/\/docs\/errors\.md#cursor-refused$/);
  expect(body).toMatchObject({ status: 400, code: "cursor-refused", detail: "It was changed." });
});
