import { type Flaw, type RuleName, ruleOf } from "./rules.ts";
import { wavesOf } from "./waves.ts";

/** What is changed in one go: all findings of a rule in a file, one commit that one revert takes back. */
export interface PlanTask {
  /** `T1`, in the order of the plan. */
  id: string;
  rule: RuleName;
  path: string;
  /** Fingerprints. */
  findings: string[];
  agents: string[];
  /** 1 to 100: the risk's impact times the agents that it reaches, both up to 10. */
  score: number;
  impact: number;
  complexity: number;
  /** Its agents have to be restarted, one after the other. */
  restart: boolean;
  /** What must be done first, and why. */
  after: { task: string; because: string }[];
  /** From 1. */
  wave: number;
}

/** The findings as work: waves one after the other, the tasks of a wave at the same time. */
export interface WavePlan {
  waves: { number: number; tasks: string[] }[];
  tasks: PlanTask[];
  /** Orders that contradict each other: `task` does not wait for `after`, else the `cycle` would have no beginning. */
  broken: { task: string; after: string; cycle: string[] }[];
  /** What the reader should know, one sentence each. */
  notes: string[];
}

/** A rule's predecessors in the guide's matrix, with those that it has by way of others: not every risk is found everywhere. */
const AFTER: Readonly<Record<string, readonly string[]>> = {
  A: ["G"],
  C: ["G"],
  D: ["G", "C"],
  E: ["G"],
  H: ["G"],
  F: ["G", "C", "D", "E", "H"],
  B: ["G", "C", "D", "E", "H", "F"],
};
const REASONS: Readonly<Record<string, string>> = {
  G: "the configuration must be readable and valid first",
  C: "its ports must be settled first",
  D: "its health check must be right before it is waited for",
  E: "its log must not fill the disk before it is waited for",
  H: "it must connect with its new credential before it is waited for",
  F: "a second hub must watch the agents before the order of their start is changed",
};
/** Steps along dependencies of agents over the whole plan. */
const STEPS_MAX = 200_000;

export interface Planned {
  flaw: Flaw;
  fingerprint: string;
}

interface Draft extends Omit<PlanTask, "id" | "after" | "wave"> {
  key: string;
  after: Map<string, string>;
  /** In a source file of its agents. */
  source: boolean;
}

/**
 * The wave plan. Order comes from the guide's matrix, where two tasks have a file or an agent in common, and from the agents' own
 * dependencies: what others stand on is changed before them. `needs` goes from an agent's name to those that it depends on; `agentsOf` gives
 * the agents of a start-up configuration.
 */
export function planOf(
  planned: readonly Planned[],
  needs: ReadonlyMap<string, ReadonlySet<string>>,
  agentsOf: ReadonlyMap<string, ReadonlySet<string>>,
): WavePlan {
  const drafts = draftsOf(planned, needs, agentsOf);
  const notes = addAgentOrder(drafts, needs);
  addMatrixOrder(drafts, agentsOf);
  const items = drafts.map(({ key, score, after, path }) => ({
    id: key,
    score,
    after: [...after.keys()],
    changes: path,
  }));
  const { waves, broken } = wavesOf(items);
  const order = waves.flat();
  const ids = new Map(order.map((key, at) => [key, `T${at + 1}`]));
  const id = (key: string): string => ids.get(key) ?? "";
  const waveOf = new Map(waves.flatMap((wave, at) => wave.map((key) => [key, at + 1] as const)));
  const dropped = new Set(broken.map(({ item, after }) => `${item}\0\0${after}`));
  const byKey = new Map(drafts.map((draft) => [draft.key, draft]));
  return {
    waves: waves.map((wave, at) => ({ number: at + 1, tasks: wave.map(id) })),
    tasks: order.flatMap((key) => {
      const draft = byKey.get(key);
      if (!draft) return [];
      const { key: _key, source: _source, after, ...task } = draft;
      const kept = [...after].filter(([other]) => !dropped.has(`${key}\0\0${other}`));
      const because = kept.map(([other, why]) => ({ task: id(other), because: why }));
      return [
        {
          ...task,
          id: id(key),
          after: because.sort((a, b) => Number(a.task.slice(1)) - Number(b.task.slice(1))),
          wave: waveOf.get(key) ?? 0,
        },
      ];
    }),
    broken: broken.map(({ item, after, cycle }) => ({ task: id(item), after: id(after), cycle: cycle.map(id) })),
    notes,
  };
}

function draftsOf(
  planned: readonly Planned[],
  needs: ReadonlyMap<string, ReadonlySet<string>>,
  agentsOf: ReadonlyMap<string, ReadonlySet<string>>,
): Draft[] {
  const dependents = reversed(needs);
  const groups = new Map<string, Planned[]>();
  for (const one of planned) {
    const key = `${one.flaw.rule}\0${one.flaw.path}`;
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups].flatMap(([key, group]) => {
    const { rule, path } = (group[0] as Planned).flaw;
    const { impact, complexity, restart } = ruleOf(rule);
    const agents = new Set(group.flatMap(({ flaw }) => flaw.agents));
    const reach = reachOf(agents.size > 0 ? agents : (agentsOf.get(path) ?? agents), dependents);
    return [
      {
        ...{ key, rule, path, impact, complexity, restart, agents: [...agents].sort() },
        findings: group.map(({ fingerprint }) => fingerprint),
        score: impact * Math.max(1, reach),
        after: new Map(),
        source: path.endsWith(".py"),
      },
    ];
  });
}

/** Agents that are hit or depend on one that is, counted up to 10. */
function reachOf(agents: Iterable<string>, dependents: ReadonlyMap<string, readonly string[]>): number {
  const reached = new Set<string>();
  for (const agent of agents) {
    reached.add(agent);
    if (reached.size >= 10) return 10;
  }
  for (const agent of reached) {
    for (const other of dependents.get(agent) ?? []) {
      reached.add(other);
      if (reached.size >= 10) return 10;
    }
  }
  return reached.size;
}

function reversed(needs: ReadonlyMap<string, ReadonlySet<string>>): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const [agent, others] of needs) {
    for (const other of others) {
      const known = result.get(other);
      if (known) known.push(agent);
      else result.set(other, [agent]);
    }
  }
  return result;
}

function addMatrixOrder(drafts: readonly Draft[], agentsOf: ReadonlyMap<string, ReadonlySet<string>>): void {
  const byPath = new Map<string, Draft[]>();
  const byAgent = new Map<string, Set<Draft>>();
  for (const draft of drafts) {
    byPath.set(draft.path, [...(byPath.get(draft.path) ?? []), draft]);
    // A file that is not valid as a whole concerns each of its agents.
    const concerned =
      ruleOf(draft.rule).risk === "G" ? [...draft.agents, ...(agentsOf.get(draft.path) ?? [])] : draft.agents;
    for (const agent of concerned) byAgent.set(agent, (byAgent.get(agent) ?? new Set()).add(draft));
  }
  for (const draft of drafts) {
    const first = AFTER[ruleOf(draft.rule).risk ?? ""] ?? [];
    if (first.length === 0) continue;
    const near = new Set([
      ...(byPath.get(draft.path) ?? []),
      ...draft.agents.flatMap((agent) => [...(byAgent.get(agent) ?? [])]),
    ]);
    for (const other of near) {
      const risk = ruleOf(other.rule).risk ?? "";
      if (other !== draft && first.includes(risk)) draft.after.set(other.key, REASONS[risk] ?? "");
    }
  }
}

/** Among changes to agents' sources: what an agent depends on, at whatever remove, is changed before it. */
function addAgentOrder(drafts: readonly Draft[], needs: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const sources = new Map<string, Draft[]>();
  for (const draft of drafts) {
    if (draft.source) for (const agent of draft.agents) sources.set(agent, [...(sources.get(agent) ?? []), draft]);
  }
  let steps = 0;
  for (const draft of drafts) {
    if (!draft.source) continue;
    for (const agent of draft.agents) {
      const seen = new Set([agent]);
      for (const name of seen) {
        for (const other of needs.get(name) ?? []) {
          if (++steps > STEPS_MAX)
            return ["The agents depend on each other too widely to order all changes of their sources by it."];
          if (seen.has(other)) continue;
          const first = sources.get(other)?.filter(({ path }) => path !== draft.path) ?? [];
          for (const { key } of first) draft.after.set(key, `${agent} depends on ${other}`);
          // What has work of its own hands the order on.
          if (first.length === 0) seen.add(other);
        }
      }
    }
  }
  return [];
}
