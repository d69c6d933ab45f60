import type { Flaw } from "./rules.ts";
import { count, shown } from "./text.ts";

/** Flaws of one rule in one file, and of all together, that are told one by one. */
const PER_RULE_AND_FILE = 100;
const ALTOGETHER = 2_000;

/** At most so many flaws; what is beyond is counted in one flaw more, so that nothing that is wrong passes. */
export function capped(flaws: readonly Flaw[]): Flaw[] {
  const groups = new Map<string, Flaw[]>();
  for (const flaw of flaws) {
    const key = `${flaw.rule}\0${flaw.path}`;
    const group = groups.get(key);
    if (group) group.push(flaw);
    else groups.set(key, [flaw]);
  }
  const kept = [...groups.values()].flatMap((group) => withRest(group, PER_RULE_AND_FILE, "of this kind in this file"));
  return withRest(kept, ALTOGETHER, "in all files");
}

function withRest(flaws: readonly Flaw[], most: number, where: string): Flaw[] {
  const next = flaws[most];
  if (next === undefined) return [...flaws];
  const { rule, path, line, column } = next;
  const rest: Flaw = {
    ...{ rule, path, line, column, agents: [], subject: ["further"] },
    message: `${count(flaws.length - most, "further finding")} ${where} ${flaws.length - most === 1 ? "is" : "are"} not listed, from ${shown(path)} line ${line} on.`,
    facts: { path, agent: path, what: "each of them" },
  };
  return [...flaws.slice(0, most), rest];
}
