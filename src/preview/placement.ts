import type { Inventory, InventoryCluster } from "../config/clusters.ts";
import type { Placement } from "../config/preview.ts";
import type { PreviewReason } from "../model/preview.ts";

export interface PlacementQuestion {
  placement: Placement;
  inventory: Inventory;
  /** `owner/name`, lower case. */
  repository: string;
  fork: boolean;
  /** Previews of everybody else by cluster. */
  load: ReadonlyMap<string, number>;
  /** Clusters that hold this preview already. */
  before: readonly string[];
}

/** Why a preview is where it is, for the ledger: of the clusters that the repository may use, nothing of others. */
export interface PlacementThought extends Record<string, unknown> {
  asked: Placement;
  facts: { repository: string; fork: boolean; before: readonly string[] };
  options: PlacementOption[];
  /** By cluster; of those that fit. */
  scores: Record<string, PlacementScore>;
  chosen: string[];
  why: string;
}

export interface PlacementOption {
  cluster: string;
  facts: {
    provider?: string;
    region?: string;
    costPerHour?: number;
    latencyMs?: number;
    load: number;
    capacity?: number;
  };
  /** Why not; absent where it fits. */
  unfit?: string;
}

/** Each from 0 (worst) to 1. */
export interface PlacementScore {
  cost: number;
  latency: number;
  load: number;
  total: number;
}

export type Placed = { clusters: InventoryCluster[]; thought: PlacementThought } | { refused: PreviewReason };

const WEIGHTS = { cost: 0.4, latency: 0.3, load: 0.3 };
/** Previews at which a cluster without a limit counts as half full. */
const HALF_FULL = 100;

/**
 * Where a preview goes. Clusters that hms.yml names are taken as they are, all of them; of those that fit its constraints the best one. A preview
 * that runs stays where it is as long as that fits. What a cluster's entry does not tell counts as not fitting, never as fitting.
 */
export function placePreview(question: PlacementQuestion): Placed {
  const allowed = question.inventory.clusters.filter((one) => mayUse(one.repositories, question.repository));
  if (allowed.length === 0) return refusal(`No cluster is declared for previews of ${question.repository}.`);
  const { placement } = question;
  return "clusters" in placement && placement.clusters.length > 0
    ? named([...new Set(placement.clusters)], allowed, question)
    : best("clusters" in placement ? {} : placement, allowed, question);
}

/** Whether patterns such as `acme/shop` and `acme/*` name a repository; undefined: they name all. */
export function mayUse(patterns: readonly string[] | undefined, repository: string): boolean {
  const owner = repository.slice(0, repository.indexOf("/"));
  return patterns?.some((one) => one === repository || one === `${owner}/*`) ?? true;
}

function named(names: string[], allowed: InventoryCluster[], question: PlacementQuestion): Placed {
  const clusters = names.flatMap((name) => allowed.find((one) => one.name === name) ?? []);
  const unknown = names.filter((name) => !allowed.some((one) => one.name === name));
  if (unknown.length > 0) {
    const there = allowed.map(({ name }) => name).join(", ");
    return refusal(`${question.repository} has no cluster ${unknown.join(", ")}; it may name ${there}.`);
  }
  const options = clusters.map((one) => optionOf(one, {}, question));
  const full = options.filter(({ unfit }) => unfit !== undefined);
  if (full.length > 0) return refusal(`${listed(full)}.`, "machines");
  return { clusters, thought: thoughtOf(question, options, names, "hms.yml names them") };
}

function best(
  asked: Exclude<Placement, { clusters: string[] }>,
  allowed: InventoryCluster[],
  question: PlacementQuestion,
): Placed {
  const options = allowed.map((one) => optionOf(one, asked, question));
  const fitting = options.filter(({ unfit }) => unfit === undefined);
  if (fitting.length === 0) {
    // Where only room is missing, it comes by itself.
    const waits = allowed.some((one) => unfitFor(one, asked) === undefined);
    return refusal(`No cluster fits: ${listed(options)}.`, waits ? "machines" : "people");
  }
  const scores = scoresOf(fitting, asked.latencyTo?.ms);
  const stays = fitting.find(({ cluster }) => question.before.includes(cluster));
  const ranked = [...fitting].sort(
    (a, b) => (scores[b.cluster]?.total ?? 0) - (scores[a.cluster]?.total ?? 0) || (a.cluster < b.cluster ? -1 : 1),
  );
  const chosen = (stays ?? ranked[0])?.cluster;
  const clusters = allowed.filter(({ name }) => name === chosen).slice(0, 1);
  const why = stays ? "it runs there and that still fits" : fitting.length === 1 ? "no other fits" : "it scores best";
  return {
    clusters,
    thought: thoughtOf(
      question,
      options,
      clusters.map(({ name }) => name),
      why,
      scores,
    ),
  };
}

type Wanted = Exclude<Placement, { clusters: string[] }>;

function optionOf(one: InventoryCluster, asked: Wanted, { load, before }: PlacementQuestion): PlacementOption {
  const others = load.get(one.name) ?? 0;
  const latencyMs = asked.latencyTo && latencyTo(one, asked.latencyTo.place);
  const full = one.capacity !== undefined && others >= one.capacity && !before.includes(one.name);
  const unfit = unfitFor(one, asked) ?? (full ? `has no room for more than ${one.capacity} previews` : undefined);
  return {
    cluster: one.name,
    facts: {
      ...(one.provider === undefined ? {} : { provider: one.provider }),
      ...(one.region === undefined ? {} : { region: one.region }),
      ...(one.costPerHour === undefined ? {} : { costPerHour: one.costPerHour }),
      ...(latencyMs === undefined ? {} : { latencyMs }),
      load: others,
      ...(one.capacity === undefined ? {} : { capacity: one.capacity }),
    },
    ...(unfit === undefined ? {} : { unfit }),
  };
}

/** Why a cluster is not what was asked for, whatever runs on it. */
function unfitFor(one: InventoryCluster, { provider, region, maxCost, latencyTo: to }: Wanted): string | undefined {
  if (provider !== undefined && !same(one.provider, provider)) return `is ${one.provider ?? "of no known provider"}`;
  if (region !== undefined && !same(one.region, region)) return `is in ${one.region ?? "no known region"}`;
  if (maxCost !== undefined && !((one.costPerHour ?? Number.NaN) <= maxCost))
    return one.costPerHour === undefined ? "has no known cost" : `costs ${one.costPerHour} an hour`;
  if (to === undefined) return undefined;
  const latencyMs = latencyTo(one, to.place);
  if (latencyMs === undefined) return `has no known latency to ${to.place}`;
  return latencyMs <= to.ms ? undefined : `is ${latencyMs} ms from ${to.place}`;
}

function latencyTo({ latencyMs }: InventoryCluster, place: string): number | undefined {
  return Object.hasOwn(latencyMs, place) ? latencyMs[place] : undefined;
}

function same(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

function scoresOf(
  options: readonly PlacementOption[],
  latencyMaxMs: number | undefined,
): Record<string, PlacementScore> {
  const dearest = Math.max(...options.map(({ facts }) => facts.costPerHour ?? 0));
  return Object.fromEntries(
    options.map(({ cluster, facts }) => {
      // An unknown cost counts as the dearest. Where all cost the same, or latency was not asked for, it makes no difference.
      const cost = dearest === 0 ? 1 : 1 - (facts.costPerHour ?? dearest) / dearest;
      const latency = latencyMaxMs ? 1 - (facts.latencyMs ?? latencyMaxMs) / latencyMaxMs : 1;
      const load =
        facts.capacity === undefined ? HALF_FULL / (HALF_FULL + facts.load) : 1 - facts.load / facts.capacity;
      const total = WEIGHTS.cost * cost + WEIGHTS.latency * latency + WEIGHTS.load * Math.max(0, load);
      return [
        cluster,
        { cost: rounded(cost), latency: rounded(latency), load: rounded(Math.max(0, load)), total: rounded(total) },
      ];
    }),
  );
}

/** Equal to the reader means equal: what lies beyond three places decides nothing. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function thoughtOf(
  { placement, repository, fork, before }: PlacementQuestion,
  options: PlacementOption[],
  chosen: string[],
  why: string,
  scores: Record<string, PlacementScore> = {},
): PlacementThought {
  return { asked: placement, facts: { repository, fork, before }, options, scores, chosen, why };
}

function listed(options: readonly PlacementOption[]): string {
  return options.map(({ cluster, unfit }) => `${cluster} ${unfit}`).join("; ");
}

function refusal(message: string, awaits: PreviewReason["awaits"] = "people"): { refused: PreviewReason } {
  return { refused: { cause: "placement", message, awaits } };
}
