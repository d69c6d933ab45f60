import { lintAgents } from "../../src/agents/lint.ts";

const HEAD = "global_settings: {}\n";
export const PORTS = "port: 5000, health_check_port: 6000";
const KNOWN = ["agents/a.py", "agents/b.py", "Agents/Other/only.py"];

/** Findings as `rule line: message`, of a start-up file in `config/` and of files beside it. */
export function foundIn(text: string, options: { path?: string; more?: Record<string, string> } = {}): string[] {
  const beside = Object.entries(options.more ?? {}).map(([path, content]) => ({ path, text: content }));
  const files = [{ path: options.path ?? "config/startup.yaml", text }, ...beside];
  return lintAgents(files, new Set(KNOWN)).findings.map(
    ({ rule, line, message }) => `${rule.slice("agents/".length)} ${line}: ${message}`,
  );
}

/** Agents, written as `Name: { … }`, in a group. */
export function nested(...agents: string[]): string {
  return `${HEAD}agent_groups:\n  core:\n${agents.map((agent) => `    ${agent}\n`).join("")}`;
}

/** Agents, written as `{ name: …, … }`, in a list. */
export function flat(...agents: string[]): string {
  return `${HEAD}pc2_services:\n${agents.map((agent) => `  - ${agent}\n`).join("")}`;
}

export const A = `A: { script_path: agents/a.py, ${PORTS} }`;
export const B = (more: string) => `B: { script_path: agents/b.py, port: 5001, health_check_port: 6001, ${more} }`;
