import fc from "fast-check";
import { expect, test } from "vitest";
import { type AgentsLint, lintAgents } from "../../src/agents/lint.ts";
import { change, cleanSystem, FLAT, filesOf, flatYaml, NESTED, source } from "./system.ts";

const task = ({ plan }: AgentsLint, rule: string, path: string) =>
  plan.tasks.find((each) => each.rule === rule && each.path === path);
const why = (lint: AgentsLint, rule: string, path: string) =>
  task(lint, rule, path)?.after.map(({ task: id, because }) => [
    lint.plan.tasks.find((each) => each.id === id)?.rule,
    because,
  ]);
const legacy = (name: string) => source(name).replace("(BaseAgent)", "");
const lintOf = (tree: ReturnType<typeof cleanSystem>) => lintAgents(filesOf(tree), new Set(tree.keys()));

test("what stands on nothing goes first, and a configuration is valid before its agents are touched", () => {
  const tree = cleanSystem();
  change(tree, FLAT, "memory_mb: 2048", "memory_mb: 64");
  change(tree, FLAT, "port: 7004\n", "port: 80\n");
  tree.set("pc2_code/agents/agent_2.py", legacy("EdgeAgent2"));
  tree.set("main_pc_code/agents/agent_2.py", legacy("MainAgent2"));
  const lint = lintOf(tree);
  expect(
    lint.plan.waves.map(({ tasks }) => tasks.map((id) => lint.plan.tasks.find((each) => each.id === id)?.rule)),
  ).toEqual([["startup-schema", "base-class"], ["port-range"], ["base-class"]]);
  expect(task(lint, "base-class", "main_pc_code/agents/agent_2.py")?.after).toEqual([]);
  expect(why(lint, "base-class", "pc2_code/agents/agent_2.py")).toEqual([
    ["startup-schema", "the configuration must be readable and valid first"],
    ["port-range", "its ports must be settled first"],
  ]);
});

test("legacy agents are migrated after those that they depend on, also through agents that need no change", () => {
  const tree = cleanSystem();
  for (const number of [2, 4, 5]) tree.set(`pc2_code/agents/agent_${number}.py`, legacy(`EdgeAgent${number}`));
  const lint = lintOf(tree);
  const wave = (number: number) => task(lint, "base-class", `pc2_code/agents/agent_${number}.py`)?.wave;
  expect([wave(2), wave(4), wave(5)]).toEqual([1, 2, 3]);
  expect(why(lint, "base-class", "pc2_code/agents/agent_4.py")).toEqual([
    ["base-class", "EdgeAgent4 depends on EdgeAgent2"],
  ]);
});

test("risk is the impact times the agents that it reaches", () => {
  const tree = cleanSystem();
  tree.set("pc2_code/agents/agent_10.py", legacy("EdgeAgent10"));
  tree.set("pc2_code/agents/agent_8.py", legacy("EdgeAgent8"));
  const lint = lintOf(tree);
  const score = (number: number) => task(lint, "base-class", `pc2_code/agents/agent_${number}.py`)?.score;
  // Nothing stands on the last of a chain of eleven, two on the ninth.
  expect([score(10), score(8)]).toEqual([9, 27]);
  change(tree, NESTED, "memory_mb: 2048", "memory_mb: 64");
  expect(task(lintOf(tree), "startup-schema", NESTED)?.score).toBe(90);
});

test("agents that wait for each other make a circle of changes: it is broken, told, and the plan has an order", () => {
  const tree = cleanSystem();
  change(
    tree,
    FLAT,
    "health_check_port: 7023\n    dependencies: []",
    "health_check_port: 7023\n    dependencies: [EdgeAgent13]",
  );
  for (const number of [11, 12, 13]) tree.set(`pc2_code/agents/agent_${number}.py`, legacy(`EdgeAgent${number}`));
  const { plan } = lintOf(tree);
  expect(plan.broken).toHaveLength(1);
  expect(plan.broken[0]?.cycle).toHaveLength(3);
  expect(new Set(plan.tasks.filter(({ rule }) => rule === "base-class").map(({ wave }) => wave)).size).toBe(3);
});

test("any system of agents: every finding is in one task, every order is kept, what is not is told, and no wave changes a file twice", () => {
  const systems = fc.array(
    fc.record({
      dependencies: fc.array(fc.nat({ max: 12 }), { maxLength: 3 }),
      port: fc.integer({ min: 1020, max: 1032 }),
      flaws: fc.subarray(["legacy", "log", "password", "script"] as const),
    }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(systems, (system) => {
      const agents = system.map(({ dependencies, port, flaws }, at) => ({
        name: `A${at}`,
        script: flaws.includes("script") ? `none/a${at}.py` : `agents/a${at}.py`,
        port: port * 2,
        dependencies: dependencies.map((other) => `A${other}`),
      }));
      const sources = system.map(({ flaws }, at) => ({
        path: `agents/a${at}.py`,
        text: [
          flaws.includes("legacy") ? legacy(`A${at}Agent`) : source(`A${at}Agent`),
          ...(flaws.includes("log") ? ["FileHandler('x')"] : []),
          ...(flaws.includes("password") ? ["password = 'abc'"] : []),
        ].join("\n"),
      }));
      const files = [{ path: "startup.yaml", text: flatYaml(agents) }, ...sources];
      const { findings, plan } = lintAgents(files, new Set(files.map(({ path }) => path)));
      expect(plan.tasks.flatMap((each) => each.findings).sort()).toEqual(
        findings.map(({ fingerprint }) => fingerprint).sort(),
      );
      expect(plan.waves.flatMap(({ tasks }) => tasks)).toEqual(plan.tasks.map(({ id }) => id));
      const waves = new Map(plan.tasks.map(({ id, wave }) => [id, wave]));
      for (const { wave, after, id } of plan.tasks) {
        for (const { task: first } of after) {
          expect(waves.get(first)).toBeLessThan(wave);
          expect(plan.broken.some((each) => each.task === id && each.after === first)).toBe(false);
        }
      }
      for (const { tasks } of plan.waves) {
        const paths = plan.tasks.filter(({ id }) => tasks.includes(id)).map(({ path }) => path);
        expect(new Set(paths).size).toBe(paths.length);
      }
      if (plan.broken.length > 0) expect(findings.some(({ rule }) => rule === "agents/dependency-cycle")).toBe(true);
    }),
    { numRuns: 100 },
  );
});
