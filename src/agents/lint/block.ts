import type { RemediationBlock } from "../../model/finding.ts";
import { escapeMarkdown, inlineCode } from "../../model/markdown.ts";
import type { PlanTask, WavePlan } from "./plan.ts";
import type { Facts } from "./rule.ts";
import { type Flaw, ruleOf } from "./rules.ts";
import { shown } from "./text.ts";

export function blockOf(flaw: Flaw, task: PlanTask | undefined, plan: WavePlan): RemediationBlock {
  const rule = ruleOf(flaw.rule);
  const facts: Facts = { path: shown(flaw.facts.path), agent: shown(flaw.facts.agent) };
  if (flaw.facts.what !== undefined) facts.what = whole(flaw.facts.what);
  if (flaw.facts.other !== undefined) facts.other = shown(flaw.facts.other);
  const byId = new Map(plan.tasks.map((each) => [each.id, each]));
  const restart = rule.restart ? " and restart the agents that were restarted for it" : "";
  return {
    issue: `${rule.title}: ${flaw.message.replaceAll("`", "’")}`,
    solution: rule.solution(facts),
    steps: rule.steps(facts),
    tests: rule.tests(facts),
    rollback: rule.rollback?.(facts) ?? `\`git revert\` the one commit of this change${restart}.`,
    dependencies: (task?.after ?? []).map(({ task: id, because }) => {
      const other = byId.get(id);
      return `${id}, \`agents/${other?.rule}\` in \`${shown(other?.path ?? "")}\`: ${shown(because)}`;
    }),
    risks: rule.risks,
    success: rule.success(facts),
  };
}

/** A cycle's names were cut one by one already. */
function whole(what: string): string {
  return what.includes(" → ") ? what.replaceAll("`", "’") : shown(what);
}

/** The block as Markdown, under the guide's own headings. */
export function blockMarkdown(block: RemediationBlock): string {
  const numbered = (lines: readonly string[]) => lines.map((line, at) => `${at + 1}. ${codeKept(line)}`).join("\n");
  const listed = (lines: readonly string[]) => lines.map((line) => `- ${codeKept(line)}`).join("\n");
  return [
    `**ISSUE:** ${codeKept(block.issue)}`,
    `**SOLUTION:** ${codeKept(block.solution)}`,
    `**STEPS:**\n\n${numbered(block.steps)}`,
    `**TESTS:**\n\n${listed(block.tests)}`,
    `**ROLLBACK:** ${codeKept(block.rollback)}`,
    block.dependencies.length > 0 ? `**DEPENDENCIES:**\n\n${listed(block.dependencies)}` : "**DEPENDENCIES:** none",
    `**RISKS:** ${codeKept(block.risks)}`,
    `**SUCCESS:** ${codeKept(block.success)}`,
  ].join("\n\n");
}

/** Our words with code in backticks; everything else in them is escaped. */
export function codeKept(text: string): string {
  const parts = text.split("`");
  return parts
    .map((part, at) => (at % 2 === 1 && at < parts.length - 1 ? inlineCode(part) : escapeMarkdown(part)))
    .join("");
}
