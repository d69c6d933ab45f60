import { positionsIn } from "../../model/text-position.ts";
import { startupCredentials, textCredentials } from "./credentials.ts";
import { conflictFlaws, type Discovery, readDiscovery } from "./discovery.ts";
import { startupLogFlaws, textLogFlaws } from "./log-files.ts";
import { baseClassFlaws, pythonCredentials, pythonLogFlaws, readScript, type Script } from "./python-flaws.ts";
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
import { count, shown } from "./text.ts";

/** What a lint may cost, in UTF-16 code units and files. What lies beyond is a finding. */
const FILE_MAX = 256 * 1024;
const SOURCE_MAX = 1024 * 1024;
const ALL_MAX = 16 * 1024 * 1024;
const FILES_MAX = 5_000;

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
export function inspect(files: readonly { path: string; text: string }[], known: ReadonlySet<string>): Inspection {
  const { kept, unread: notRead } = readable(files);
  const flaws: Flaw[][] = [notRead];
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
      flaws.push(textCredentials(path, text, at, false), textLogFlaws(path, text, at));
    }
  }
  const paths = new Set([...known, ...files.map(({ path }) => path)]);
  const found = new Scripts(paths);
  const notes = bindScripts(startups, scripts, found);
  const graph = dependencyGraph(startups);
  const unread = startups.filter(({ value }) => value === undefined);
  // Joined by `flat`: a call takes only so many arguments, and a hostile file has more flaws.
  for (const startup of startups) flaws.push(...startupFlaws(startup, found));
  for (const discovery of discoveries) flaws.push(discovery.flaws);
  for (const script of scripts) flaws.push(pythonLogFlaws(script), pythonCredentials(script));
  const texts = unread.map(({ text }) => text);
  flaws.push(unknownFlaws(startups, texts), cycleFlaws(startups, graph), conflictFlaws(discoveries));
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

/** The files within the limits and in UTF-8; each other one is a flaw. A byte order mark is taken off. */
function readable(files: readonly { path: string; text: string }[]): {
  kept: { path: string; text: string }[];
  unread: Flaw[];
} {
  let size = 0;
  const flaws: Flaw[] = [];
  const beyond: string[] = [];
  const kept = files.flatMap(({ path, text }, at) => {
    const kind = kindOf(path);
    if (kind === undefined) return [];
    const most = kind === "python" ? SOURCE_MAX : FILE_MAX;
    const why =
      text.length > most
        ? `it is larger than ${most / 1024} KB`
        : /[\0\ufffd]/.test(text)
          ? "it is not UTF-8 text"
          : undefined;
    if (why !== undefined) {
      flaws.push(unread(path, `${shown(path)} was not looked at: ${why}.`));
      return [];
    }
    size += text.length;
    if (at < FILES_MAX && size <= ALL_MAX)
      return [{ path, text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text }];
    beyond.push(path);
    return [];
  });
  const first = beyond[0];
  if (first !== undefined) {
    const limit = `${FILES_MAX} files and ${ALL_MAX / 1024 / 1024} MB`;
    const message = `${count(beyond.length, "file")} from ${shown(first)} on ${beyond.length === 1 ? "was" : "were"} not looked at: the limit is ${limit}.`;
    flaws.push(unread(first, message));
  }
  return { kept, unread: flaws };
}

function unread(path: string, message: string): Flaw {
  return { rule: "unread", path, line: 1, column: 1, message, subject: [], agents: [], facts: { path, agent: path } };
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
