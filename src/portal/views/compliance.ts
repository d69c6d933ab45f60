import { setImmediate as nextTurn } from "node:timers/promises";
import type { ControlMap } from "../../config/controls.ts";
import type { LedgerEntry, LedgerPlace } from "../../ports/ledger.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { seenRepositories, streamOf } from "./repositories.ts";

/** What decisions said by the rules of one control. Times are ms since the epoch. */
export interface ControlCount {
  /** Decisions that none of them kept from a yes. */
  raisedNothing: number;
  denied: number;
  waited: number;
  lastDeniedAtMs?: number;
  lastWaitedAtMs?: number;
}

export interface ControlRow extends ControlCount {
  id: string;
  title: string;
  rules: (ControlCount & { rule: string })[];
  /** Rules about slash commands: what they refused is answered in the conversation, and is in no decision. */
  commandRules: string[];
}

/** A framework's controls with the rules that bear on them. A mapping; it certifies nothing. */
export interface ComplianceView {
  name: string;
  title: string;
  source: string;
  sourceUrl?: string;
  /** Denials name their controls by this map. */
  chosen: boolean;
  /** Names of all maps. */
  maps: string[];
  sinceMs: number;
  decisions: number;
  lastDecisionAtMs?: number;
  /** Repositories whose decisions are counted. */
  repositories: number;
  /** There are more decisions than were read: the oldest ones are left out. */
  cut: boolean;
  /** Those that a rule supports. */
  covered: ControlRow[];
  /** Those that no rule supports. */
  gaps: { id: string; title: string }[];
}

const DAY_MS = 86_400_000;
const DAYS = 30;
const PAGE = 500;
const READ_MAX = 20_000;
const DECISIONS = ["verdict", "merge_group_verdict"];

/** Undefined for a framework that there is no map of. Counted are repositories whose owner the viewer audits or operates. */
export async function complianceView(
  deps: ViewDeps,
  viewer: Viewer,
  name: string | undefined,
): Promise<ComplianceView | undefined> {
  const { all, chosen } = deps.controls;
  const map = name === undefined ? (chosen[0] ?? all[0]) : all.find((one) => one.name === name);
  if (!map) return undefined;
  const seen = (await seenRepositories(deps, viewer)).filter(
    ({ ref }) => viewer.has("auditor", ref.owner) || viewer.has("operator", ref.owner),
  );
  const sinceMs = deps.clock.now() - DAYS * DAY_MS;
  const tally = new Tally(map);
  let cut = false;
  for (const type of DECISIONS) cut = (await count(deps, seen.map(streamOf), type, sinceMs, tally)) || cut;
  const rulesOf = (id: string) => [...map.rules].flatMap(([rule, ids]) => (ids.includes(id) ? [rule] : []));
  return {
    name: map.name,
    title: map.title,
    source: map.source,
    ...(map.sourceUrl === undefined ? {} : { sourceUrl: map.sourceUrl }),
    chosen: chosen.includes(map),
    maps: all.map((one) => one.name),
    sinceMs,
    decisions: tally.decisions,
    ...(tally.lastAtMs === undefined ? {} : { lastDecisionAtMs: tally.lastAtMs }),
    repositories: seen.length,
    cut,
    covered: map.controls.flatMap(({ id, title }) => {
      const rules = rulesOf(id);
      if (rules.length === 0) return [];
      return [
        {
          id,
          title,
          ...tally.of(`control ${id}`),
          rules: rules.filter((rule) => !isOfCommands(rule)).map((rule) => ({ rule, ...tally.of(`rule ${rule}`) })),
          commandRules: rules.filter(isOfCommands),
        },
      ];
    }),
    gaps: map.controls.filter(({ id }) => rulesOf(id).length === 0),
  };
}

function isOfCommands(rule: string): boolean {
  return rule === "known-command" || rule.startsWith("may-");
}

class Tally {
  decisions = 0;
  lastAtMs: number | undefined;
  readonly #counts = new Map<string, Omit<ControlCount, "raisedNothing">>();
  readonly #map: ControlMap;

  constructor(map: ControlMap) {
    this.#map = map;
  }

  add({ atMs, data }: LedgerEntry): void {
    this.decisions++;
    if (this.lastAtMs === undefined || atMs > this.lastAtMs) this.lastAtMs = atMs;
    const denied = this.#namesOf(data.rules);
    for (const name of denied) {
      const one = this.#of(name);
      one.denied++;
      one.lastDeniedAtMs = Math.max(one.lastDeniedAtMs ?? 0, atMs);
    }
    for (const name of this.#namesOf(data.waiting)) {
      // A decision counts once for each name, by the worst that it said.
      if (denied.has(name)) continue;
      const one = this.#of(name);
      one.waited++;
      one.lastWaitedAtMs = Math.max(one.lastWaitedAtMs ?? 0, atMs);
    }
  }

  of(name: string): ControlCount {
    const one = this.#counts.get(name) ?? { denied: 0, waited: 0 };
    return { raisedNothing: this.decisions - one.denied - one.waited, ...one };
  }

  #of(name: string): Omit<ControlCount, "raisedNothing"> {
    const one = this.#counts.get(name) ?? { denied: 0, waited: 0 };
    this.#counts.set(name, one);
    return one;
  }

  #namesOf(rules: unknown): Set<string> {
    const names = Array.isArray(rules) ? rules.filter((rule) => typeof rule === "string") : [];
    return new Set(
      names.flatMap((rule) => [`rule ${rule}`, ...(this.#map.rules.get(rule) ?? []).map((id) => `control ${id}`)]),
    );
  }
}

/** Whether there was more than is read. Other work gets its turn between pages. */
async function count(deps: ViewDeps, streams: string[], type: string, sinceMs: number, tally: Tally): Promise<boolean> {
  if (streams.length === 0) return false;
  let before: LedgerPlace | undefined;
  for (let read = 0; read < READ_MAX; read += PAGE) {
    const page = await deps.engine.ledger.query({ streams, type, sinceMs, ...(before ? { before } : {}), limit: PAGE });
    for (const entry of page) tally.add(entry);
    if (page.length < PAGE) return false;
    before = page.at(-1);
    await nextTurn();
  }
  return true;
}
