import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { RULES } from "../../src/agents/lint/rules.ts";
import { agentsSarif, findingsOf, lintAgents } from "../../src/agents/lint.ts";
import standard from "../../src/scan/sarif/sarif-schema-2.1.0.json" with { type: "json" };
import { readSarif } from "../../src/scan/sarif.ts";
import { change, cleanSystem, filesOf, NESTED } from "./system.ts";

const SHA = "a".repeat(40);
const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(standard);

function flawed() {
  const tree = cleanSystem();
  change(tree, NESTED, "port: 5021\n", "port: 80\n");
  change(tree, NESTED, "LOG_LEVEL: INFO", "REDIS_PASSWORD: hunter2");
  change(tree, NESTED, "memory_mb: 2048", "memory_mb: 64");
  tree.set("agents/odd name#%.py", "class OddAgent: pass\n");
  return lintAgents(filesOf(tree), new Set(tree.keys()));
}

interface Log {
  runs: {
    tool: { driver: { rules: { id: string; help: { text: string; markdown: string } }[] } };
    results: {
      ruleId: string;
      ruleIndex: number;
      level: string;
      message: { text: string; markdown: string };
      properties: { remediation: object; task: string; wave: number };
    }[];
    properties: { plan: { waves: object[] } };
  }[];
}

test.each([
  ["with findings", flawed()],
  ["without", lintAgents([], new Set())],
])("the lint %s is SARIF 2.1.0 by the standard's schema", (_what, lint) => {
  const sarif = JSON.parse(JSON.stringify(agentsSarif(lint)));
  expect([validate(sarif), validate.errors]).toEqual([true, null]);
  expect(sarif.runs[0].results).toHaveLength(lint.findings.length);
});

test("each result points to its rule, has the whole block as Markdown and as data, and its place in the plan", () => {
  const lint = flawed();
  const [run] = (agentsSarif(lint) as Log).runs;
  expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(Object.keys(RULES).map((name) => `agents/${name}`));
  expect(run?.tool.driver.rules.every(({ help }) => help.text.length > 40 && help.markdown.length > 40)).toBe(true);
  expect(run?.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([
    ["agents/base-class", "warning"],
    ["agents/plaintext-credential", "error"],
    ["agents/startup-schema", "error"],
    ["agents/port-range", "error"],
  ]);
  for (const { ruleId, ruleIndex, message, properties } of run?.results ?? []) {
    expect(run?.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    for (const heading of ["ISSUE", "SOLUTION", "STEPS", "TESTS", "ROLLBACK", "DEPENDENCIES", "RISKS", "SUCCESS"])
      expect(message.markdown).toContain(`**${heading}:**`);
    expect(Object.keys(properties.remediation)).toEqual([
      "issue",
      "solution",
      "steps",
      "tests",
      "rollback",
      "dependencies",
      "risks",
      "success",
    ]);
    expect(properties.wave).toBeGreaterThan(0);
  }
  expect(run?.results[1]?.message.markdown).toContain(
    "**DEPENDENCIES:**\n\n- T1, `agents/startup-schema` in `main_pc_code/config/startup_config.yaml`: the configuration",
  );
  expect(run?.properties.plan.waves.length).toBeGreaterThan(1);
});

test("read back as the report of a tool, it gives as many findings of the same severities at the same lines", async () => {
  const lint = flawed();
  const bytes = new TextEncoder().encode(JSON.stringify(agentsSarif(lint)));
  const reading = await readSarif(
    (async function* () {
      yield bytes;
    })(),
    { kind: "agents", sha: SHA, tool: "hms lint agents" },
  );
  const facts = (findings: ReturnType<typeof findingsOf>) =>
    findings.map(({ severity, location }) => [severity, location.path, location.line]).sort();
  if (!reading.ok) throw new Error(reading.problem);
  expect(facts(reading.result.findings)).toEqual(facts(findingsOf(lint, SHA)));
});
