import { sha256Hex } from "../../model/canonical-json.ts";
import { SEVERITIES } from "../../model/finding.ts";
import { type Flaw, ruleOf } from "./rules.ts";
import { count, shown } from "./text.ts";

/** Flaws of one rule in one file, and of all together, that are told one by one. */
const PER_RULE_AND_FILE = 100;
const ALTOGETHER = 2_000;

/**
 * At most so many flaws, the worst; what is beyond is counted in one flaw more, so that nothing that is wrong passes. That one is another
 * finding once it stands for others: one that a change adds among them is not taken for an old one.
 */
export function capped(flaws: readonly Flaw[]): Flaw[] {
  const groups = new Map<string, Flaw[]>();
  for (const flaw of flaws) {
    const key = `${flaw.rule}\0${flaw.path}`;
    const group = groups.get(key);
    if (group) group.push(flaw);
    else groups.set(key, [flaw]);
  }
  const kept = [...groups.values()].flatMap((group) => withRest(group, PER_RULE_AND_FILE, "of this kind in this file"));
  kept.sort((a, b) => SEVERITIES.indexOf(ruleOf(a.rule).severity) - SEVERITIES.indexOf(ruleOf(b.rule).severity));
  return withRest(kept, ALTOGETHER, "in all files");
}

function withRest(flaws: readonly Flaw[], most: number, where: string): Flaw[] {
  const next = flaws[most];
  if (next === undefined) return [...flaws];
  const { rule, path, line, column } = next;
  const left = flaws.slice(most);
  const which = left.map((flaw) => JSON.stringify([flaw.rule, flaw.path, ...flaw.subject])).sort();
  const rest: Flaw = {
    ...{ rule, path, line, column, agents: [], subject: ["further", sha256Hex(which.join("\n"))] },
    message: `${count(left.length, "further finding")} ${where} ${left.length === 1 ? "is" : "are"} not listed, from ${shown(path)} line ${line} on.`,
    facts: { path, agent: path, what: "each of them" },
  };
  return [...flaws.slice(0, most), rest];
}
