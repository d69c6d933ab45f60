import { SEVERITIES } from "../../model/finding.ts";
import { escapeMarkdown, inlineCode, oneLine, tableCode } from "../../model/markdown.ts";
import type { AgentsLint } from "./agents-lint.ts";
import { blockMarkdown } from "./block.ts";
import type { PlanTask } from "./plan.ts";
import { ruleOf } from "./rules.ts";
import { count, few, shown } from "./text.ts";

/** For people in a terminal: findings by file with what to do, then the plan in short. */
export function lintText(lint: AgentsLint): string {
  const paths = [...new Set(lint.findings.map(({ path }) => path))];
  const files = paths.map((path) => {
    const own = lint.findings.filter((finding) => finding.path === path);
    const place = Math.max(...own.map(({ line, column }) => `${line}:${column}`.length));
    const lines = own.flatMap(({ line, column, severity, rule, message, block }) => [
      `  ${`${line}:${column}`.padEnd(place)}  ${severity.padEnd(8)}  ${rule}`,
      `  ${" ".repeat(place)}  ${oneLine(message)}`,
      `  ${" ".repeat(place)}  → ${oneLine(block.solution).replaceAll("`", "")}`,
    ]);
    return [oneLine(path), ...lines].join("\n");
  });
  const plan = lint.findings.length > 0 ? [shortPlan(lint)] : [];
  return `${[...files, ...plan, summary(lint)].join("\n\n")}\n`;
}

function shortPlan({ plan }: AgentsLint): string {
  const lines = [
    "What to do in which order. The tasks of a wave can go at the same time; two that change the same file never do.",
  ];
  for (const { number, tasks } of plan.waves) {
    lines.push("", `  Wave ${number}`);
    for (const task of tasksOf(plan.tasks, tasks)) {
      const facts = [
        count(task.findings.length, "finding"),
        `risk ${task.score}/100`,
        task.restart ? "restarts agents" : "live",
      ];
      lines.push(`    ${task.id.padEnd(4)} ${oneLine(task.path)}: ${ruleOf(task.rule).title} (${facts.join(", ")})`);
      for (const { task: other, because } of task.after.slice(0, 5))
        lines.push(`         after ${other}: ${shown(because)}`);
      if (task.after.length > 5) lines.push(`         after ${task.after.length - 5} more`);
    }
  }
  for (const { task, after, cycle } of plan.broken) {
    lines.push(
      "",
      `  ${cycle.join(" → ")} → ${cycle[0]} would wait for each other; ${task} does not wait for ${after}.`,
    );
  }
  return lines.join("\n");
}

function summary({ findings, seen, notes }: AgentsLint): string {
  const looked = [
    count(seen.agents, "agent"),
    `${count(seen.startups, "start-up configuration")}`,
    `${count(seen.discoveries, "discovery file")}`,
    `${count(seen.sources, "Python source")}`,
  ];
  const levels = SEVERITIES.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number > 0 ? [`${number} ${severity}`] : [];
  });
  const found = findings.length > 0 ? `${count(findings.length, "finding")}: ${levels.join(", ")}` : "no findings";
  const lines = [...notes.map((note) => `Note: ${oneLine(note)}`), `Looked at ${looked.join(", ")}: ${found}.`];
  if (findings.length > 0) lines.push("Every step, test and rollback: hms lint agents DIR --format plan");
  return lines.join("\n");
}

/** The wave plan as a Markdown document with every finding's block. */
export function planText(lint: AgentsLint): string {
  const { plan, findings } = lint;
  const lines = [
    "# Remediation plan for the agents",
    "",
    escapeMarkdown(summary(lint).split("\n").slice(0, -1).join(" ") || summary(lint)),
    "",
  ];
  if (findings.length === 0) return `${lines.join("\n")}\n`;
  lines.push(
    "The tasks of a wave can go at the same time; a wave begins when the one before it was seen to work. Each task is one commit. Risk is the",
    "impact (1–10) times the agents that it reaches (up to 10).",
    "",
    "| task | wave | rule | file | findings | risk | complexity | agents | after |",
    "|---|---|---|---|---|---|---|---|---|",
    ...plan.tasks.map(row),
    "",
  );
  for (const { task, after, cycle } of plan.broken) {
    lines.push(
      `${[...cycle, cycle[0]].join(" → ")} would wait for each other, so ${task} does not wait for ${after}.`,
      "",
    );
  }
  const byTask = Map.groupBy(findings, ({ task }) => task);
  for (const { number, tasks } of plan.waves) {
    lines.push(`## Wave ${number}`, "");
    for (const task of tasksOf(plan.tasks, tasks)) {
      lines.push(`### ${task.id}: ${ruleOf(task.rule).title} in ${inlineCode(shown(task.path))}`, "");
      for (const { line, block } of byTask.get(task.id) ?? [])
        lines.push(`Line ${line}.`, "", blockMarkdown(block), "");
    }
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function row({ id, wave, rule, path, findings, score, complexity, restart, agents, after }: PlanTask): string {
  const whose = few(agents.map((agent) => tableCode(shown(agent))));
  const cells = [id, wave, `agents/${rule}`, tableCode(shown(path)), findings.length, score, complexity];
  return `| ${[...cells, `${restart ? "restart" : "live"}${whose ? ` ${whose}` : ""}`, after.map(({ task }) => task).join(", ") || "–"].join(" | ")} |`;
}

function tasksOf(tasks: readonly PlanTask[], ids: readonly string[]): PlanTask[] {
  const wanted = new Set(ids);
  return tasks.filter(({ id }) => wanted.has(id));
}
