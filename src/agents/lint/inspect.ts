import { positionsIn } from "../../model/text-position.ts";
import type { LintFile } from "./agents-lint.ts";
import { startupCredentials, textCredentials } from "./credentials.ts";
import { conflictFlaws, type Discovery, readDiscovery } from "./discovery.ts";
import { hubFlaws } from "./hubs.ts";
import { startupLogFlaws, textLogFlaws } from "./log-files.ts";
import { baseClassFlaws, pythonCredentials, pythonLogFlaws, readScript, type Script } from "./python-flaws.ts";
import { readable } from "./readable.ts";
import type { Flaw } from "./rules.ts";
import { isStartup, kindOf } from "./selection.ts";
import {
  cycleFlaws,
  dependencyGraph,
  nameFlaws,
  nameOf,
  portFlaws,
  Scripts,
  scriptFlaws,
  unknownFlaws,
} from "./startup-agents.ts";
import { readStartup, type StartupFile } from "./startup-file.ts";
import { emptyFlaws, shapeFlaws } from "./startup-shape.ts";
import { count } from "./text.ts";

export interface Inspection {
  flaws: Flaw[];
  /** An agent's name → names of those that it depends on. */
  needs: Map<string, Set<string>>;
  /** A start-up configuration's path → names of its agents. */
  agentsOf: Map<string, Set<string>>;
  seen: { agents: number; startups: number; discoveries: number; sources: number };
  notes: string[];
}

/** Looks at all files with all rules. */
export function inspect(files: readonly LintFile[], known: ReadonlySet<string>): Inspection {
  const { kept, flaws: unread, notes: passedOver } = readable(files);
  const flaws: Flaw[][] = [unread];
  const startups: StartupFile[] = [];
  const discoveries: Discovery[] = [];
  const scripts: Script[] = [];
  for (const { path, text } of kept) {
    const kind = kindOf(path);
    if (kind === "discovery") discoveries.push(readDiscovery(path, text));
    else if (kind === "python") scripts.push(readScript(path, text));
    else if (kind === "startup" || (kind === "data" && isStartup(text))) startups.push(readStartup(path, text));
    else if (kind === "data") {
      const at = positionsIn(text);
      flaws.push(textCredentials(path, text, at, /\.ya?ml$/i.test(path)), textLogFlaws(path, text, at));
    }
  }
  const paths = new Set([...known, ...files.map(({ path }) => path)]);
  const found = new Scripts(paths);
  const notes = [...passedOver, ...bindScripts(startups, scripts, found)];
  const graph = dependencyGraph(startups);
  // Joined by `flat`: a call takes only so many arguments, and a hostile file has more flaws.
  for (const startup of startups) flaws.push(...startupFlaws(startup, found));
  for (const discovery of discoveries) flaws.push(discovery.flaws);
  for (const script of scripts) flaws.push(pythonLogFlaws(script), pythonCredentials(script));
  const texts = startups.filter(({ value }) => value === undefined).map(({ text }) => text);
  flaws.push(
    unknownFlaws(startups, texts),
    cycleFlaws(startups, graph),
    hubFlaws(startups),
    conflictFlaws(discoveries),
  );
  flaws.push(baseClassFlaws(scripts));
  const agentsOf = new Map(startups.map(({ path, agents }) => [path, new Set(agents.map(({ name }) => name))]));
  const agents = startups.reduce((sum, startup) => sum + startup.agents.length, 0);
  return {
    ...{ flaws: flaws.flat(), needs: needsOf(graph), agentsOf, notes },
    seen: { agents, startups: startups.length, discoveries: discoveries.length, sources: scripts.length },
  };
}

function startupFlaws(startup: StartupFile, scripts: Scripts): Flaw[][] {
  const { path, text, value, flaws } = startup;
  const at = positionsIn(text);
  const byText = [flaws, textLogFlaws(path, text, at)];
  if (value === undefined) return [...byText, textCredentials(path, text, at, true)];
  return [
    ...byText,
    shapeFlaws(startup),
    emptyFlaws(startup),
    nameFlaws(startup),
    scriptFlaws(startup, scripts),
    portFlaws(startup),
    startupCredentials(startup),
    startupLogFlaws(startup),
  ];
}

/** Tells the sources whose scripts they are. */
function bindScripts(startups: readonly StartupFile[], scripts: readonly Script[], found: Scripts): string[] {
  const byPath = new Map(scripts.map((script) => [script.path, script]));
  const unseen = new Set<string>();
  for (const startup of startups) {
    const root = found.rootOf(startup);
    for (const { name, script } of startup.agents) {
      const source = script === undefined ? undefined : found.resolve(script, root);
      if (source === undefined) continue;
      const read = byPath.get(source);
      if (!read) unseen.add(source);
      else if (!read.agents.includes(name)) read.agents.push(name);
    }
  }
  if (unseen.size === 0) return [];
  return [
    `${count(unseen.size, "script")} of agents lie outside of what was read or are not Python: whether they have the base class, rotated logs and no credentials was not looked at.`,
  ];
}

function needsOf(graph: ReadonlyMap<string, readonly string[]>): Map<string, Set<string>> {
  const needs = new Map<string, Set<string>>();
  for (const [node, others] of graph) {
    const own = needs.get(nameOf(node)) ?? new Set();
    for (const other of others) if (nameOf(other) !== nameOf(node)) own.add(nameOf(other));
    needs.set(nameOf(node), own);
  }
  return needs;
}
