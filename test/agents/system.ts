import type { LintFile } from "../../src/agents/lint.ts";

/** A whole system of agents as files by path: what the tests plant flaws into. */
export type Tree = Map<string, string>;

export interface AgentSpec {
  name: string;
  script: string;
  port: number;
  dependencies: string[];
}

export const NESTED = "main_pc_code/config/startup_config.yaml";
export const FLAT = "pc2_code/config/startup_config.yaml";

/** Agents of one machine, in chains of eleven: each depends on the one before. */
export function agentsOf(machine: string, count: number, firstPort: number): AgentSpec[] {
  return Array.from({ length: count }, (_, number) => ({
    name: `${machine === "main_pc_code" ? "Main" : "Edge"}Agent${number}`,
    script: `${machine}/agents/agent_${number}.py`,
    port: firstPort + 2 * number,
    dependencies: number % 11 === 0 ? [] : [`${machine === "main_pc_code" ? "Main" : "Edge"}Agent${number - 1}`],
  }));
}

export function source(name: string): string {
  return [
    "from common.core.base_agent import BaseAgent",
    "",
    "",
    `class ${name}(BaseAgent):`,
    "    def run(self):",
    '        self.password = os.environ["NATS_PASSWORD"]',
    "",
  ].join("\n");
}

const SETTINGS = [
  "global_settings:",
  "  environment: { LOG_LEVEL: INFO, NATS_PASSWORD: '$" + "{NATS_PASSWORD}' }",
  "  resource_limits: { cpu_percent: 80, memory_mb: 2048, max_threads: 8 }",
  "  health_checks: { interval_seconds: 30, timeout_seconds: 10, retries: 3 }",
];

export function nestedYaml(agents: readonly AgentSpec[], groupSize = 9): string {
  const lines = [...SETTINGS, "agent_groups:"];
  for (const [number, { name, script, port, dependencies }] of agents.entries()) {
    if (number % groupSize === 0) lines.push(`  group_${number / groupSize}:`);
    lines.push(
      `    ${name}:`,
      `      script_path: ${script}`,
      `      port: ${port}`,
      `      health_check_port: ${port + 1}`,
      `      dependencies: [${dependencies.join(", ")}]`,
    );
  }
  return `${lines.join("\n")}\n`;
}

export function flatYaml(agents: readonly AgentSpec[]): string {
  const lines = [...SETTINGS, "pc2_services:"];
  for (const { name, script, port, dependencies } of agents) {
    lines.push(
      `  - name: ${name}`,
      `    script_path: ${script}`,
      `    port: ${port}`,
      `    health_check_port: ${port + 1}`,
      `    dependencies: [${dependencies.join(", ")}]`,
    );
  }
  return `${lines.join("\n")}\n`;
}

export function discovery(name: string, topic: string): string {
  return [
    `AGENT_NAME=${name}`,
    "AGENT_VERSION=1.0.0",
    `AGENT_DESCRIPTION=Does the work of ${name}`,
    `DEFAULT_SUBSCRIBED_TOPICS=logs.${topic},logs.auth.*`,
    `DEFAULT_FINDINGS_TOPIC=findings.${topic}`,
    "",
  ].join("\n");
}

/** 77 agents on two machines, 44 nested in groups and 33 in a flat list, with their sources, and packages with discovery files. No flaw. */
export function cleanSystem(): Tree {
  const main = agentsOf("main_pc_code", 44, 5000);
  const edge = agentsOf("pc2_code", 33, 7000);
  const tree: Tree = new Map([
    [NESTED, nestedYaml(main)],
    [FLAT, flatYaml(edge)],
  ]);
  for (const { name, script } of [...main, ...edge]) tree.set(script, source(name));
  for (let number = 0; number < 6; number++) {
    tree.set(`backend/src/opmas/agents/pack${number}/.env.discovery`, discovery(`Pack${number}`, `pack${number}`));
  }
  return tree;
}

/** Replaces one piece of a file, which has to be there exactly once. */
export function change(tree: Tree, path: string, from: string, to: string): void {
  const text = tree.get(path) ?? "";
  if (text.split(from).length !== 2)
    throw new Error(`${path} has ${JSON.stringify(from)} ${text.split(from).length - 1} times`);
  tree.set(
    path,
    text.replace(from, () => to),
  );
}

export function filesOf(tree: Tree): LintFile[] {
  return [...tree].map(([path, text]) => ({ path, text }));
}
