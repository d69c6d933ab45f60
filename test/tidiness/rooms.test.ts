import { expect, test } from "vitest";
import { circle, importsOf, objection, usersOfModel } from "./rooms.ts";
import { filesUnder } from "./tree.ts";

const sources = filesUnder(["src"], [".ts"]);
const paths = new Set(sources.map(({ path }) => path));
const imports = sources.flatMap(importsOf);

test("rooms import only what the table allows", () => {
  const objections = imports.flatMap((each) => {
    const reason = objection(each, paths);
    return reason === undefined ? [] : [`${each.from} → ${each.to}: ${reason}`];
  });
  expect(objections).toEqual([]);
});

test("no rooms import each other in a circle", () => {
  expect(circle(imports)).toBeUndefined();
});

test("what stands in model is used by two rooms at least", () => {
  const lonely = [...usersOfModel(sources)].filter(([, rooms]) => rooms.size < 2);
  expect(lonely.map(([path, rooms]) => `${path}: only ${[...rooms].join() || "nobody"}`)).toEqual([]);
});

test("every import of a file names one that is there", () => {
  const missing = imports.filter(({ to }) => to.startsWith("src/") && to.endsWith(".ts") && !paths.has(to));
  expect(missing).toEqual([]);
});

const existing = new Set(["src/gate/gate.ts", "src/gate/rules.ts", "src/scan/secrets.ts", "src/scan/secrets/hits.ts"]);

test.each([
  ["src/model/key.ts", "src/ports/clock.ts"],
  ["src/model/key.ts", "zod"],
  ["src/ports/clock.ts", "src/config/settings.ts"],
  ["src/adapters/opa/a.ts", "src/adapters/sqlite/b.ts"],
  ["src/adapters/opa/a.ts", "src/gate/gate.ts"],
  ["src/gate/gate.ts", "src/scan/secrets.ts"],
  ["src/gate/gate.ts", "src/ports/github.ts"],
  ["src/gate/gate.ts", "node:fs/promises"],
  ["src/commands/act.ts", "src/gate/rules.ts"],
  ["src/commands/act.ts", "src/scan/secrets/hits.ts"],
  ["src/commands/act.ts", "src/worker/worker.ts"],
  ["src/commands/act.ts", "src/adapters/opa/a.ts"],
  ["src/commands/act.ts", "src/compose.ts"],
  ["src/attic/a.ts", "src/ports/clock.ts"],
  ["src/compose.ts", "test/policies/inputs.ts"],
])("the table forbids %s → %s", (from, to) => {
  expect(objection({ from, to }, existing)).toBeTypeOf("string");
});

test.each([
  ["src/compose.ts", "src/adapters/opa/a.ts"],
  ["src/commands/act.ts", "src/gate/gate.ts"],
  ["src/commands/act.ts", "src/scan/secrets.ts"],
  ["src/adapters/opa/a.ts", "src/adapters/opa/b.ts"],
  ["src/adapters/opa/a.ts", "src/ports/checker.ts"],
  ["src/gate/gate.ts", "src/config/schema.ts"],
  ["src/model/canonical-json.ts", "node:crypto"],
])("the table allows %s → %s", (from, to) => {
  expect(objection({ from, to }, existing)).toBeUndefined();
});

test("imports of every form are seen", () => {
  const text = `
    import a from "./a.ts";
    import type { B } from "../b/b.ts";
    export { c } from './c.ts';
    import "./d.ts";
    const e = await import("./e.ts");
    new Worker(new URL("./f.ts", import.meta.url));`;
  expect(importsOf({ path: "src/x/x.ts", text }).map(({ to }) => to)).toEqual([
    "src/x/a.ts",
    "src/b/b.ts",
    "src/x/c.ts",
    "src/x/d.ts",
    "src/x/e.ts",
    "src/x/f.ts",
  ]);
});

test("a circle is found", () => {
  const edge = (from: string, to: string) => ({ from: `src/${from}/x.ts`, to: `src/${to}/x.ts` });
  expect(circle([edge("a", "b"), edge("b", "c"), edge("c", "b")])).toBe("b → c → b");
  expect(circle([edge("a", "b"), edge("a", "c"), edge("b", "c")])).toBeUndefined();
});
