import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Inventory, InventoryCluster } from "../../src/config/clusters.ts";
import type { Placement } from "../../src/config/preview.ts";
import { mayUse, type PlacementQuestion, placePreview } from "../../src/preview/placement.ts";

const cluster = (name: string, rest: Partial<InventoryCluster> = {}): InventoryCluster => ({
  name,
  latencyMs: {},
  ingressNamespaceLabels: {},
  forbiddenCidrs: [],
  ...rest,
});
const inventoryOf = (clusters: InventoryCluster[]): Inventory => ({
  argocd: { cluster: "hub", namespace: "argocd" },
  clusters,
  deployRepositories: [],
  helmRepositories: [],
  extraKinds: [],
  retired: [],
  hosts: [],
  credentials: [],
});
const clusters = [
  cluster("hub", { repositories: [] }),
  cluster("aws-eu", {
    provider: "aws",
    region: "eu-west-1",
    costPerHour: 0.04,
    latencyMs: { frankfurt: 9 },
    capacity: 10,
  }),
  cluster("aws-us", { provider: "aws", region: "us-east-1", costPerHour: 0.02, latencyMs: { frankfurt: 88 } }),
  cluster("azure-eu", { provider: "azure", region: "westeurope", costPerHour: 0.03, latencyMs: { frankfurt: 12 } }),
  cluster("bare", { repositories: ["acme/*"] }),
  cluster("theirs", { repositories: ["other/shop"], costPerHour: 0 }),
];
const place = (placement: Placement, rest: Partial<PlacementQuestion> = {}) =>
  placePreview({
    placement,
    inventory: inventoryOf(clusters),
    repository: "acme/shop",
    fork: false,
    load: new Map(),
    before: [],
    ...rest,
  });
const chosen = (...args: Parameters<typeof place>) => {
  const answer = place(...args);
  return "refused" in answer ? answer.refused : answer.clusters.map(({ name }) => name);
};

test.each<[string, Placement, Partial<PlacementQuestion>, string[]]>([
  ["by name, in that order", { clusters: ["bare", "aws-eu", "bare"] }, {}, ["bare", "aws-eu"]],
  ["by provider: the cheaper one", { provider: "AWS" }, {}, ["aws-us"]],
  ["by region", { region: "eu-west-1" }, {}, ["aws-eu"]],
  ["by cost", { maxCost: 0.025 }, {}, ["aws-us"]],
  [
    "by latency: the near one is the dearer one, and cost weighs more",
    { latencyTo: { place: "frankfurt", ms: 20 } },
    {},
    ["azure-eu"],
  ],
  ["nothing asked for: the cheapest", {}, {}, ["aws-us"]],
  ["it stays where it is", { provider: "aws" }, { before: ["aws-eu"] }, ["aws-eu"]],
  [
    "…also when that is full by now",
    { provider: "aws" },
    { before: ["aws-eu"], load: new Map([["aws-eu", 99]]) },
    ["aws-eu"],
  ],
  ["…but not where it does not fit any more", { provider: "aws" }, { before: ["azure-eu"] }, ["aws-us"]],
  ["…nor where it may not be any more", {}, { before: ["theirs"] }, ["aws-us"]],
  [
    "load counts",
    { provider: "aws" },
    { load: new Map([["aws-us", 5000]]), inventory: inventoryOf(clusters.map((one) => ({ ...one, costPerHour: 1 }))) },
    ["aws-eu"],
  ],
])("%s", (_what, placement, rest, names) => {
  expect(chosen(placement, rest)).toEqual(names);
});

describe("what is refused says what there is, and nothing of clusters of others", () => {
  test.each<[Placement, Partial<PlacementQuestion>, string, "people" | "machines"]>([
    [
      { clusters: ["theirs"] },
      {},
      "acme/shop has no cluster theirs; it may name aws-eu, aws-us, azure-eu, bare.",
      "people",
    ],
    [
      { clusters: ["hub", "nope"] },
      {},
      "acme/shop has no cluster hub, nope; it may name aws-eu, aws-us, azure-eu, bare.",
      "people",
    ],
    [
      { clusters: ["aws-eu"] },
      { load: new Map([["aws-eu", 10]]) },
      "aws-eu has no room for more than 10 previews.",
      "machines",
    ],
    [
      { provider: "aws", region: "mars" },
      {},
      "No cluster fits: aws-eu is in eu-west-1; aws-us is in us-east-1; azure-eu is azure; bare is of no known provider.",
      "people",
    ],
    [
      { region: "eu-west-1" },
      { load: new Map([["aws-eu", 10]]) },
      "No cluster fits: aws-eu has no room for more than 10 previews; aws-us is in us-east-1; azure-eu is in westeurope; bare is in no known region.",
      "machines",
    ],
    [
      { maxCost: 0.01 },
      {},
      "No cluster fits: aws-eu costs 0.04 an hour; aws-us costs 0.02 an hour; azure-eu costs 0.03 an hour; bare has no known cost.",
      "people",
    ],
    [
      { latencyTo: { place: "constructor", ms: 9 } },
      { inventory: inventoryOf([cluster("bare")]) },
      "No cluster fits: bare has no known latency to constructor.",
      "people",
    ],
    [
      {},
      { inventory: inventoryOf([cluster("hub", { repositories: [] })]) },
      "No cluster is declared for previews of acme/shop.",
      "people",
    ],
  ])("%j", (placement, rest, message, awaits) => {
    expect(chosen(placement, rest)).toEqual({ cause: "placement", message, awaits });
  });
});

test("the thought tells options, facts, scores, what was chosen and why", () => {
  const answer = place({ provider: "aws" }, { load: new Map([["aws-eu", 5]]) });
  expect(answer).toHaveProperty("thought", {
    asked: { provider: "aws" },
    facts: { repository: "acme/shop", fork: false, before: [] },
    options: [
      { cluster: "aws-eu", facts: { provider: "aws", region: "eu-west-1", costPerHour: 0.04, load: 5, capacity: 10 } },
      { cluster: "aws-us", facts: { provider: "aws", region: "us-east-1", costPerHour: 0.02, load: 0 } },
      {
        cluster: "azure-eu",
        facts: { provider: "azure", region: "westeurope", costPerHour: 0.03, load: 0 },
        unfit: "is azure",
      },
      { cluster: "bare", facts: { load: 0 }, unfit: "is of no known provider" },
    ],
    scores: {
      "aws-eu": { cost: 0, latency: 1, load: 0.5, total: 0.45 },
      "aws-us": { cost: 0.5, latency: 1, load: 1, total: 0.8 },
    },
    chosen: ["aws-us"],
    why: "it scores best",
  });
});

test("whatever is declared in whatever order: the same choice, only of what is allowed, and it stays", () => {
  const some = fc.record({
    name: fc.constantFrom("a", "b", "c", "d"),
    repositories: fc.option(fc.constantFrom(["acme/*"], ["acme/shop"], ["other/*"], []), { nil: undefined }),
    costPerHour: fc.option(fc.double({ min: 0, max: 9, noNaN: true }), { nil: undefined }),
    capacity: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(some, { selector: ({ name }) => name, minLength: 1 }), fc.nat(6), (declared, count) => {
      const all = declared.map(({ name, ...rest }) =>
        cluster(name, Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))),
      );
      const load = new Map(all.map(({ name }) => [name, count]));
      const first = place({}, { inventory: inventoryOf(all), load });
      const turned = place({}, { inventory: inventoryOf([...all].reverse()), load });
      if ("refused" in first) {
        expect(turned).toHaveProperty("refused");
        return;
      }
      expect(turned).toHaveProperty("clusters", first.clusters);
      const [taken] = first.clusters;
      expect(taken && mayUse(taken.repositories, "acme/shop")).toBe(true);
      const before = first.clusters.map(({ name }) => name);
      const full = new Map(all.map(({ name }) => [name, 99]));
      expect(place({}, { inventory: inventoryOf(all), load: full, before })).toHaveProperty("clusters", first.clusters);
    }),
  );
});
