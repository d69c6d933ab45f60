import type { Finding, RemediationPlan } from "../model/finding.ts";
import { SEVERITIES } from "../model/finding.ts";
import type { AgentsFinding, AgentsLint, LintFile } from "./lint/agents-lint.ts";
import { blockOf } from "./lint/block.ts";
import { capped } from "./lint/cap.ts";
import { contextOf, fingerprintsOf } from "./lint/fingerprint.ts";
import { inspect } from "./lint/inspect.ts";
import { type Planned, planOf } from "./lint/plan.ts";
import { type Flaw, ruleOf } from "./lint/rules.ts";

export { type AgentsFinding, type AgentsLint, type LintFile, lintFile } from "./lint/agents-lint.ts";
export { type ApartOptions, type LintOutcome, lintAgentsApart } from "./lint/apart.ts";
export { lintText, planText } from "./lint/report.ts";
export { agentsSarif } from "./lint/sarif.ts";
export { agentFiles } from "./lint/selection.ts";
export { default as startupSchema } from "./lint/startup-schema.json" with { type: "json" };

/**
 * Lints the agents of a tree: start-up configurations, `.env.discovery` files and Python sources among `files` ({@link agentFiles} says which
 * to read). `known` are all paths of the tree. Never throws, whatever the texts; what could not be read is a finding.
 */
export function lintAgents(files: readonly LintFile[], known: ReadonlySet<string>): AgentsLint {
  const { flaws: all, needs, agentsOf, seen, notes } = inspect(files, known);
  const flaws = capped(all).sort(byPlace);
  const fingerprints = fingerprintsOf(flaws);
  const planned: Planned[] = flaws.map((flaw, at) => ({ flaw, fingerprint: fingerprints[at] ?? "" }));
  const plan = planOf(planned, needs, agentsOf);
  const taskOf = new Map(plan.tasks.map((task) => [`${task.rule}\0${task.path}`, task]));
  const findings = planned.map(({ flaw, fingerprint }): AgentsFinding => {
    const { rule, path, line, column, message, agents } = flaw;
    const task = taskOf.get(`${rule}\0${path}`);
    return {
      ...{ rule: `agents/${rule}`, severity: ruleOf(rule).severity, path, line, column, message, fingerprint },
      context: contextOf(flaw),
      agents: [...agents],
      block: blockOf(flaw, task, plan),
      task: task?.id ?? "",
    };
  });
  return { findings, plan, seen, notes: [...notes, ...plan.notes] };
}

/** The findings in the shape that all scans have. `sha`: the commit whose tree was linted. */
export function findingsOf(lint: AgentsLint, sha: string): Finding[] {
  return lint.findings.map(({ rule, severity, path, line, message, block, fingerprint, context }) => ({
    ...{ rule, severity, message, fingerprint, context, block },
    remedy: block.solution,
    location: { path, line, endLine: line, commit: sha, headLine: line },
  }));
}

/** The plan as it is kept with the scan's report. */
export function remediationPlan({ plan }: AgentsLint): RemediationPlan {
  const byId = new Map(plan.tasks.map((task) => [task.id, task]));
  return {
    waves: plan.waves.map(({ number, tasks }) => ({
      number,
      tasks: tasks.flatMap((id) => {
        const task = byId.get(id);
        if (!task) return [];
        const { rule, path, findings, score, restart, after } = task;
        return [{ id, rule: `agents/${rule}`, path, findings: findings.length, score, restart, after }];
      }),
    })),
    notes: plan.notes,
  };
}

function byPlace(a: Flaw, b: Flaw): number {
  return (
    compare(a.path, b.path) ||
    a.line - b.line ||
    a.column - b.column ||
    SEVERITIES.indexOf(ruleOf(a.rule).severity) - SEVERITIES.indexOf(ruleOf(b.rule).severity) ||
    compare(a.rule, b.rule)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
