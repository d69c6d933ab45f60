import { posix } from "node:path";
import { type Position, positionsIn } from "../../model/text-position.ts";
import { credentialFlaw, credentialIn, isSecretName } from "./credentials.ts";
import {
  argumentsAt,
  classesIn,
  type PythonClass,
  type PythonSource,
  type PythonString,
  readPython,
} from "./python.ts";
import type { Flaw } from "./rules.ts";
import { shown } from "./text.ts";

/** A Python source that was read, with the agents whose script it is. */
export interface Script extends PythonSource {
  path: string;
  at: Position;
  classes: PythonClass[];
  agents: string[];
}

const BASE = "BaseAgent";
/** Stands for what an f-string puts in; reads as a placeholder. */
const FILLED_IN = "$" + "{X}";
/** Where sources lie that are no agents of their own, as the guide's search leaves them out. */
const NO_AGENTS =
  /(?:^|\/)(?:tests?|testing|utils?|common|core|lib|fixtures|examples)\/|(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest|setup|__init__)\.py$/;

export function readScript(path: string, text: string): Script {
  const source = readPython(text);
  const aliases = new Map<string, string>();
  for (const [, name = "", own = ""] of source.code.matchAll(/\b([A-Za-z_]\w*)[ \t]+as[ \t]+([A-Za-z_]\w*)/g))
    aliases.set(own, name);
  for (const [, own = "", name = ""] of source.code.matchAll(
    /^([A-Za-z_]\w*)[ \t]*=[ \t]*(?:\w+\.)*([A-Za-z_]\w*)[ \t]*$/gm,
  ))
    aliases.set(own, name);
  const classes = classesIn(source).map((one) => ({
    ...one,
    bases: one.bases.map((base) => aliases.get(base) ?? base),
  }));
  return { ...source, path, at: positionsIn(text), classes, agents: [] };
}

/**
 * Agents that do not inherit `BaseAgent`, directly or by way of classes in other files: scripts that a start-up configuration names, and
 * files in a folder `agents` that run by themselves or have a class named as an agent.
 */
export function baseClassFlaws(scripts: readonly Script[]): Flaw[] {
  const everywhere = new Map<string, Set<string>>();
  for (const { classes } of scripts) {
    for (const { name, bases } of classes) {
      const known = everywhere.get(name) ?? new Set();
      for (const base of bases) known.add(base);
      everywhere.set(name, known);
    }
  }
  const good = descendants(everywhere);
  return scripts.flatMap((script): Flaw[] => {
    if (!isAgent(script)) return [];
    if (script.classes.some(({ name, bases }) => name === BASE || bases.some((base) => good.has(base)))) return [];
    const first = script.classes.find(({ name }) => /agent$/i.test(name)) ?? script.classes[0];
    const agent = script.agents[0] ?? first?.name ?? posix.basename(script.path, ".py");
    return [
      {
        rule: "base-class",
        path: script.path,
        ...script.at(first?.offset ?? 0),
        message: `${shown(agent)} does not inherit ${BASE}, so it has no standard health check.`,
        subject: [],
        agents: script.agents.length > 0 ? script.agents : [agent],
        facts: { path: script.path, agent },
      },
    ];
  });
}

/** Names of classes that inherit the base class at some remove. */
function descendants(bases: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const heirs = new Map<string, string[]>();
  for (const [name, parents] of bases) {
    for (const parent of parents) {
      const known = heirs.get(parent);
      if (known) known.push(name);
      else heirs.set(parent, [name]);
    }
  }
  const found = new Set([BASE]);
  // A set is walked in the order of adding, what is added on the way included.
  for (const name of found) for (const heir of heirs.get(name) ?? []) found.add(heir);
  return found;
}

function isAgent({ path, agents, classes, code, strings }: Script): boolean {
  if (agents.length > 0) return true;
  if (!/(?:^|\/)agents\//.test(path) || NO_AGENTS.test(path)) return false;
  const main = /^if[ \t(]+__name__[ \t]*==/m.test(code) && strings.some(({ value }) => value === "__main__");
  return main || classes.some(({ name }) => /agent$/i.test(name));
}

/** Files that only grow: `FileHandler`, also in a logging configuration, or `basicConfig` with a file. */
export function pythonLogFlaws(script: Script): Flaw[] {
  const { code, strings, path, at, agents } = script;
  const agent = agents[0] ?? posix.basename(path, ".py");
  const flaw = (offset: number, name: string, what: string): Flaw => ({
    rule: "log-rotation",
    path,
    ...at(offset),
    message: `${shown(agent)} writes a log file that is never rotated (${what}).`,
    ...{ subject: [name], agents, facts: { path, agent, what } },
  });
  const calls = code.matchAll(
    /(?<![\w.])(class[ \t]+)?(?:[A-Za-z_]\w{0,50}[ \t]?\.[ \t]?)?(FileHandler|basicConfig)[ \t]*\(/g,
  );
  const called = [...calls].flatMap((match): Flaw[] => {
    const [whole, itsClass, name = ""] = match;
    if (itsClass !== undefined) return [];
    if (name === "FileHandler") return [flaw(match.index, name, "logging.FileHandler")];
    const file = argumentsAt(code, match.index + whole.length).some((each) => /^\s*filename\s*=/.test(each));
    return file ? [flaw(match.index, name, "logging.basicConfig(filename=…)")] : [];
  });
  const configured = strings.flatMap(({ value, start }, number) =>
    value === "logging.FileHandler" && strings[number - 1]?.value === "class"
      ? [flaw(start, "FileHandler", "logging.FileHandler")]
      : [],
  );
  return [...called, ...configured];
}

/** Literals under a credential's name: assigned, passed, in a dictionary, or as the default of a variable; and addresses with a password. */
export function pythonCredentials(script: Script): Flaw[] {
  const { code, strings, path, at, agents } = script;
  return strings.flatMap((literal, number): Flaw[] => {
    // An f-string's braces are filled in when it runs.
    const value = literal.prefix.includes("f") ? literal.value.replace(/\{[^{}]{0,500}\}/g, FILLED_IN) : literal.value;
    const key = keyOf(code, literal, strings[number - 1]) ?? "";
    // A constant that holds a field's or variable's name is no credential: `TOKEN = "token"`.
    const named = isSecretName(key) && isSecretName(value) && /^[A-Za-z_][A-Za-z_-]*$/.test(value);
    const filled = literal.prefix.includes("f") && value.includes(FILLED_IN) && !value.includes("://");
    const wrong = named || filled ? undefined : credentialIn(key, value);
    return wrong === undefined ? [] : [credentialFlaw({ path, ...at(literal.start), agents }, key || "A text", wrong)];
  });
}

/** The name under which a literal is given. */
function keyOf(code: string, literal: PythonString, before: PythonString | undefined): string | undefined {
  const lead = code.slice(Math.max(0, literal.start - 200), literal.start);
  const assigned =
    /([A-Za-z_]\w{0,100})[ \t]{0,20}(?::[ \t]{0,20}[\w.[\]|, ]{1,60})?(?<![=!<>])=(?:[^=\n;,]{0,120}\bor\b)?[ \t]{0,20}(?:\(\s{0,50}|\\\r?\n[ \t]{0,50})?$/.exec(
      lead,
    )?.[1];
  if (assigned !== undefined || before === undefined) return assigned;
  const between = code.slice(before.start, literal.start);
  const inner = between.slice(between.search(/["']/)).replace(/["']/g, "").replace(/\s+/g, "");
  if (inner === ":" || inner === "]=") return before.value;
  const getenv = /(?:getenv|environ\s*\.\s*get)\s*\(\s*[rbu]{0,2}$/i.test(
    code.slice(Math.max(0, before.start - 60), before.start),
  );
  return inner === "," && getenv ? before.value : undefined;
}
