import { describe, expect, test } from "vitest";
import { RULES } from "../../src/agents/lint/rules.ts";
import { agentFiles, lintAgents } from "../../src/agents/lint.ts";
import { lineOf } from "./place.ts";
import { change, cleanSystem, FLAT, filesOf, NESTED, source, type Tree } from "./system.ts";

const PACK = (number: number) => `backend/src/opmas/agents/pack${number}/.env.discovery`;
const SECRET = "hunter2-not-to-be-printed";

/** One flaw of each kind, each where no other rule has a reason to speak. Returns rule, path and what stands on the line. */
function plant(tree: Tree): { rule: string; path: string; line: number }[] {
  const planted: { rule: keyof typeof RULES; path: string; mark: string }[] = [];
  const at = (rule: keyof typeof RULES, path: string, mark: string) => planted.push({ rule, path, mark });

  tree.set("pc2_code/config/old_startup.json", '{ "global_settings": {}, "pc2_services": [ }');
  at("startup-syntax", "pc2_code/config/old_startup.json", "pc2_services");
  tree.set("pc2_code/config/startup_empty.yaml", "global_settings: {}\nagent_group: {}\n");
  at("no-agents", "pc2_code/config/startup_empty.yaml", "global_settings");
  tree.set("pc2_code/config/startup_huge.yaml", `# ${"x".repeat(600 * 1024)}\n`);
  at("unread", "pc2_code/config/startup_huge.yaml", "# x");

  change(tree, NESTED, "memory_mb: 2048", "memory_mb: 64");
  at("startup-schema", NESTED, "memory_mb: 64");
  change(tree, NESTED, "script_path: main_pc_code/agents/agent_3.py", "script_path: agents/agent_3.py");
  at("script-missing", NESTED, "script_path: agents/agent_3.py");
  change(tree, NESTED, "port: 5021\n", "port: 80\n");
  at("port-range", NESTED, "port: 80");
  change(
    tree,
    NESTED,
    "    MainAgent12:\n      script_path: main_pc_code/agents/agent_12.py\n      port: 5024",
    "    MainAgent12:\n      script_path: main_pc_code/agents/agent_12.py\n      port: 5000",
  );
  at("port-conflict", NESTED, "port: 5000@2");
  change(tree, NESTED, "dependencies: [MainAgent14]", "dependencies: [MainAgnet14]");
  at("dependency-unknown", NESTED, "MainAgnet14");
  change(
    tree,
    FLAT,
    "health_check_port: 7023\n    dependencies: []",
    "health_check_port: 7023\n    dependencies: [EdgeAgent13]",
  );
  at("dependency-cycle", FLAT, "[EdgeAgent13]");
  change(tree, FLAT, "name: EdgeAgent32", "name: EdgeAgent0");
  at("agent-name", FLAT, "name: EdgeAgent0@2");
  change(tree, FLAT, "LOG_LEVEL: INFO,", `LOG_LEVEL: INFO, REDIS_URL: "redis://cache:${SECRET}@cache:6379",`);
  at("plaintext-credential", FLAT, "REDIS_URL");

  change(tree, NESTED, "    MainAgent43:", "    ObservabilityHub:");
  at("single-hub", NESTED, "ObservabilityHub");

  tree.set("main_pc_code/agents/agent_20.py", source("MainAgent20").replace("(BaseAgent)", ""));
  at("base-class", "main_pc_code/agents/agent_20.py", "class MainAgent20");
  tree.set("main_pc_code/agents/agent_30.py", `${source("MainAgent30")}        logging.FileHandler("a.log")\n`);
  at("log-rotation", "main_pc_code/agents/agent_30.py", "FileHandler");

  change(tree, PACK(0), "AGENT_DESCRIPTION=Does the work of Pack0", "# no description");
  at("discovery-key", PACK(0), "AGENT_NAME");
  change(tree, PACK(1), "AGENT_VERSION=1.0.0", "AGENT_VERSION=v1");
  at("discovery-version", PACK(1), "AGENT_VERSION");
  change(tree, PACK(2), "logs.pack2", "logs..pack2");
  at("discovery-topic", PACK(2), "logs..pack2");
  change(tree, PACK(4), "findings.pack4", "findings.pack3");
  at("discovery-conflict", PACK(4), "findings.pack3");
  change(tree, PACK(5), "AGENT_VERSION", "just some words\nAGENT_VERSION");
  at("discovery-syntax", PACK(5), "just some words");
  return planted.map(({ rule, path, mark }) => ({
    rule: `agents/${rule}`,
    path,
    line: lineOf(tree.get(path) ?? "", mark),
  }));
}

function linted(tree: Tree) {
  const files = filesOf(tree);
  const read = new Set(
    agentFiles(
      files.map(({ path }) => path),
      [],
    ),
  );
  expect(read.size).toBe(files.length);
  return lintAgents(files, read);
}

describe("77 agents", () => {
  test("without a flaw: no finding, no plan", () => {
    const lint = linted(cleanSystem());
    expect(lint.findings).toEqual([]);
    expect(lint.plan).toEqual({ waves: [], tasks: [], broken: [], notes: [] });
    expect(lint.seen).toEqual({ agents: 77, startups: 2, discoveries: 6, sources: 77 });
    expect(lint.notes).toEqual([]);
  });

  test("with one flaw of each kind: exactly those findings, each at its line", () => {
    const tree = cleanSystem();
    const planted = plant(tree);
    expect(planted.map(({ rule }) => rule).sort()).toEqual(
      Object.keys(RULES)
        .map((name) => `agents/${name}`)
        .sort(),
    );
    const { findings } = linted(tree);
    const found = findings.map(({ rule, path, line }) => ({ rule, path, line }));
    const order = (a: { rule: string }, b: { rule: string }) => (a.rule < b.rule ? -1 : 1);
    expect(found.sort(order)).toEqual(planted.sort(order));
    expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(findings.length);
  });

  test("the plan has every finding once, keeps every order and has no cycle", () => {
    const tree = cleanSystem();
    plant(tree);
    const { plan, findings } = linted(tree);
    expect(plan.broken).toEqual([]);
    expect(plan.tasks.flatMap((task) => task.findings).sort()).toEqual(
      findings.map(({ fingerprint }) => fingerprint).sort(),
    );
    expect(plan.waves.flatMap(({ tasks }) => tasks)).toEqual(plan.tasks.map(({ id }) => id));
    const waves = new Map(plan.tasks.map(({ id, wave }) => [id, wave]));
    const orders = plan.tasks.flatMap(({ wave, after }) => after.map(({ task }) => [waves.get(task), wave] as const));
    expect(orders.length).toBeGreaterThanOrEqual(10);
    expect(orders.filter(([first = 0, then]) => first >= then)).toEqual([]);
    for (const { tasks } of plan.waves) {
      const paths = plan.tasks.filter(({ id }) => tasks.includes(id)).map(({ path }) => path);
      expect(new Set(paths).size).toBe(paths.length);
    }
    const wave = (rule: string, path: string) =>
      plan.tasks.find((task) => task.rule === rule && task.path === path)?.wave ?? 0;
    expect(wave("startup-schema", NESTED)).toBe(1);
    expect(wave("script-missing", NESTED)).toBeGreaterThan(1);
    expect(wave("dependency-cycle", FLAT)).toBeGreaterThan(wave("plaintext-credential", FLAT));
    expect(wave("single-hub", NESTED)).toBeGreaterThan(wave("port-conflict", NESTED));
    expect(wave("dependency-unknown", NESTED)).toBeGreaterThan(wave("single-hub", NESTED));
  });

  test("a script path that lost its prefix is given back", () => {
    const tree = cleanSystem();
    change(tree, NESTED, "script_path: main_pc_code/agents/agent_3.py", "script_path: agents/agent_3.py");
    const [finding] = linted(tree).findings;
    expect(finding?.message).toContain("Is main_pc_code/agents/agent_3.py meant?");
    expect(finding?.block.solution).toBe("Name the script as `main_pc_code/agents/agent_3.py`.");
  });

  test("a credential's value stands nowhere in the result", () => {
    const tree = cleanSystem();
    plant(tree);
    expect(JSON.stringify(linted(tree))).not.toContain(SECRET);
  });
});
