import { posix } from "node:path";
import { didYouMean } from "../../config/did-you-mean.ts";
import { cyclicComponents, shortestCycle } from "./components.ts";
import type { Flaw } from "./rules.ts";
import type { Agent, StartupFile } from "./startup-file.ts";
import { shown } from "./text.ts";

/** Names that a misspelt name is compared with, and misspelt names that are. */
const CANDIDATES_MAX = 1_000;
const COMPARED_MAX = 20;
/** Files in which the same name is followed: one agent on so many machines. */
const MACHINES_MAX = 50;
/** Folders above a configuration that are tried as its root. */
const FOLDERS_MAX = 20;
const CYCLE_SHOWN = 12;

/** Names: each there, each once in its file. The same name in two files is one agent on two machines. */
export function nameFlaws(file: StartupFile): Flaw[] {
  const seen = new Set<string>();
  return file.agents.flatMap((agent): Flaw[] => {
    const { name, place, nameless } = agent;
    const doubled = seen.has(name);
    seen.add(name);
    if (!nameless && !doubled) return [];
    return [
      {
        rule: "agent-name",
        path: file.path,
        ...file.at(place),
        message: nameless
          ? `${name} has no name, so nothing can depend on it or restart it.`
          : `A second agent of the name ${shown(name)} stands in ${shown(file.path)}.`,
        subject: nameless ? ["nameless", agent.script ?? ""] : ["doubled", name],
        ...{ agents: [name], facts: { path: file.path, agent: name } },
      },
    ];
  });
}

/** Where the files of a tree are: which script a `script_path` means. */
export class Scripts {
  readonly #known: ReadonlySet<string>;
  /** Files by their own name. */
  #byName: Map<string, string[]> | undefined;

  constructor(known: ReadonlySet<string>) {
    this.#known = known;
  }

  /**
   * Where the paths of a file's scripts begin: the tree's root or a folder above the configuration, whichever most of the scripts are
   * found from (of equal ones the topmost). One for the whole file, as the start script has one.
   */
  rootOf({ path, agents }: StartupFile): string {
    let best = { root: "", found: 0 };
    const folders = posix.dirname(path).split("/").slice(0, FOLDERS_MAX);
    for (let depth = 0; depth <= folders.length; depth++) {
      const root = folders.slice(0, depth).join("/");
      const found = agents.filter(
        ({ script }) => script !== undefined && this.resolve(script, root) !== undefined,
      ).length;
      if (found > best.found) best = { root, found };
    }
    return best.root;
  }

  /** The script's path from the tree's root; undefined where there is no such file. */
  resolve(script: string, root: string): string | undefined {
    if (script.startsWith("/")) return undefined;
    const path = posix.normalize(posix.join(root, script));
    return this.#known.has(path) ? path : undefined;
  }

  /**
   * The file that is likely meant, as a script path from `root`: the only one of that name, or of several the only one below the
   * configuration's own top folder that ends with the whole path, as where a prefix was left out; undefined if there is none.
   */
  elsewhere(script: string, root: string, configuration: string): string | undefined {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (const path of this.#known) {
        const name = posix.basename(path);
        const known = this.#byName.get(name);
        if (known) known.push(path);
        else this.#byName.set(name, [path]);
      }
    }
    const named = (this.#byName.get(posix.basename(script)) ?? []).slice(0, CANDIDATES_MAX);
    const top = configuration.slice(0, configuration.indexOf("/") + 1);
    const ending = `/${posix.normalize(script)}`;
    const near = named.length === 1 ? named : named.filter((path) => path.startsWith(top) && path.endsWith(ending));
    const [path] = near;
    const before = root === "" ? "" : `${root}/`;
    return near.length === 1 && path?.startsWith(before) ? path.slice(before.length) : undefined;
  }
}

export function scriptFlaws(file: StartupFile, scripts: Scripts): Flaw[] {
  const root = scripts.rootOf(file);
  return file.agents.flatMap(({ name, script, place }): Flaw[] => {
    if (script === undefined || scripts.resolve(script, root) !== undefined) return [];
    const other = scripts.elsewhere(script, root, file.path);
    const hint = other === undefined ? "" : ` Is ${shown(other)} meant?`;
    const from = root === "" ? "" : ` in ${shown(root)}`;
    return [
      {
        rule: "script-missing",
        path: file.path,
        ...file.at([...place, "script_path"]),
        message: `The script of ${shown(name)} does not exist${from}: ${shown(script)}.${hint}`,
        subject: [name, script],
        agents: [name],
        facts: { path: file.path, agent: name, what: script, ...(other === undefined ? {} : { other }) },
      },
    ];
  });
}

const EVERYWHERE = new Set(["", "0.0.0.0", "::", "*"]);

/** Ports that two want on one host: within a file, as each file is a machine's; an agent without a host listens on all of the machine's. */
export function portFlaws(file: StartupFile): Flaw[] {
  const held = new Map<number, Map<string, string>>();
  return file.agents.flatMap(({ name, host, place, ports }) =>
    ports.flatMap(({ key, port }): Flaw[] => {
      const own = `${name}’s ${key}`;
      const where = EVERYWHERE.has(host ?? "") ? "*" : (host ?? "").toLowerCase().replace(/^localhost$/, "127.0.0.1");
      const holders = held.get(port) ?? new Map<string, string>();
      held.set(port, holders);
      const holder = where === "*" ? holders.values().next().value : (holders.get("*") ?? holders.get(where));
      if (holder === undefined) {
        holders.set(where, own);
        return [];
      }
      return [
        {
          rule: "port-conflict",
          path: file.path,
          ...file.at([...place, key]),
          message: `${key} of ${shown(name)} is ${port}, which ${shown(holder)} has already.`,
          // In either order, as entries may move.
          subject: [own, holder].sort(),
          agents: [name],
          facts: { path: file.path, agent: name, what: key, other: holder },
        },
      ];
    }),
  );
}

/** Who needs whom, over all files: nodes are `file\0name`. A name is looked for in its own file first, as that is its machine. */
export function dependencyGraph(files: readonly StartupFile[]): Map<string, string[]> {
  const byName = new Map<string, Set<string>>();
  for (const file of files) {
    for (const { name, nameless } of file.agents) {
      if (!nameless) byName.set(name, (byName.get(name) ?? new Set()).add(node(file, name)));
    }
  }
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    for (const agent of file.agents) {
      const own = graph.get(node(file, agent.name)) ?? new Set();
      for (const { name } of agent.dependencies) {
        const all = byName.get(name) ?? new Set();
        const here = node(file, name);
        for (const other of all.has(here) ? [here] : [...all].slice(0, MACHINES_MAX)) own.add(other);
      }
      graph.set(node(file, agent.name), own);
    }
  }
  return new Map([...graph].map(([agent, needs]) => [agent, [...needs]]));
}

/** `unread` are texts of configurations that could not be read: a name that stands in one of them may be an agent's. */
export function unknownFlaws(files: readonly StartupFile[], unread: readonly string[]): Flaw[] {
  const names = new Set(
    files.flatMap(({ agents }) => agents.filter((agent) => !agent.nameless).map(({ name }) => name)),
  );
  const candidates = [...names].slice(0, CANDIDATES_MAX);
  const perhaps = new Set(unread.flatMap((text) => text.split(/[\s"'[\]{},:]+/)));
  let compared = 0;
  return files.flatMap((file) =>
    file.agents.flatMap((agent) => {
      const told = new Set<string>();
      return agent.dependencies.flatMap(({ name, place }): Flaw[] => {
        if (names.has(name) || told.has(name) || perhaps.has(name)) return [];
        told.add(name);
        const other = ++compared > COMPARED_MAX ? undefined : didYouMean(name, candidates);
        return [
          {
            rule: "dependency-unknown",
            path: file.path,
            ...file.at(place),
            message: `${shown(agent.name)} depends on ${shown(name)}, which no start-up configuration has${other ? `; ${shown(other)} is meant?` : "."}`,
            subject: [agent.name, name],
            agents: [agent.name],
            facts: { path: file.path, agent: agent.name, what: name, ...(other === undefined ? {} : { other }) },
          },
        ];
      });
    }),
  );
}

/** One flaw for each set of agents that wait for each other; it shows a shortest cycle. */
export function cycleFlaws(files: readonly StartupFile[], graph: ReadonlyMap<string, readonly string[]>): Flaw[] {
  const owners = new Map<string, { file: StartupFile; agent: Agent }>();
  for (const file of files) {
    for (const agent of file.agents) {
      const key = node(file, agent.name);
      if (!owners.has(key)) owners.set(key, { file, agent });
    }
  }
  return cyclicComponents(graph).flatMap((members): Flaw[] => {
    const sorted = [...members].sort();
    const first = sorted[0] as string;
    const owner = owners.get(first);
    if (!owner) return [];
    const cycle = shortestCycle(graph, new Set(members), first).map(nameOf);
    const way = [...cycle.slice(0, CYCLE_SHOWN), ...(cycle.length > CYCLE_SHOWN ? ["…"] : []), cycle[0] ?? ""];
    const what = way.map(shown).join(" → ");
    const place = owner.agent.dependencies.find(({ name }) => name === (cycle[1] ?? cycle[0]))?.place;
    const more = members.length > cycle.length ? ` ${members.length} agents hang together in this way.` : "";
    return [
      {
        rule: "dependency-cycle",
        path: owner.file.path,
        ...owner.file.at(place ?? [...owner.agent.place, "dependencies"]),
        message: `These agents wait for each other: ${what}.${more}`,
        subject: sorted.map(nameOf),
        agents: [...new Set(sorted.map(nameOf))],
        facts: { path: owner.file.path, agent: nameOf(first), what },
      },
    ];
  });
}

function node(file: StartupFile, name: string): string {
  return `${file.path}\0${name}`;
}

export function nameOf(node: string): string {
  return node.slice(node.indexOf("\0") + 1);
}
