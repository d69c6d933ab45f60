import { posix } from "node:path";
import type { Flaw } from "./rules.ts";
import type { Agent, StartupFile } from "./startup-file.ts";
import { shown } from "./text.ts";

/** What the guide calls them, as an agent's name or its script's. */
const HUB = /^(?:observability|central|edge)[ _-]?hub(?:[ _-]?(?:agent|service))?$/i;

/**
 * The guide's risk F: agents on several machines whose metrics all go to one hub. Says nothing where no start-up configuration has a hub, or
 * one that could not be read may have the second.
 */
export function hubFlaws(files: readonly StartupFile[]): Flaw[] {
  if (files.some(({ value, text }) => value === undefined && /hub/i.test(text))) return [];
  const machines = files.filter(({ agents }) => agents.length > 0);
  const [first, second] = machines.filter(({ agents }) => agents.some(isHub));
  const hub = first?.agents.find(isHub);
  const other = machines.find((file) => file !== first)?.path;
  if (first === undefined || second !== undefined || hub === undefined || other === undefined) return [];
  return [
    {
      rule: "single-hub",
      path: first.path,
      ...first.at(hub.place),
      message: `${shown(hub.name)} is the only hub of ${machines.length} machines: when it fails, none of them is watched.`,
      ...{ subject: [hub.name], agents: [hub.name], facts: { path: first.path, agent: hub.name, other } },
    },
  ];
}

function isHub({ name, script }: Agent): boolean {
  return HUB.test(name) || HUB.test(posix.basename(script ?? "", ".py"));
}
