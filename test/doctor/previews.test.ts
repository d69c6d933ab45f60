import { describe, expect, test } from "vitest";
import type { ClustersFacts } from "../../src/doctor/cluster-facts.ts";
import { diagnose } from "../../src/doctor/diagnose.ts";
import type { RepositoryFacts } from "../../src/doctor/facts.ts";
import {
  ARGOCD,
  clusterOf,
  clustersOf,
  DECLARED,
  factsWith,
  policiesOf,
  previewing,
  withVariable,
  worse,
} from "./cluster-facts-of.ts";
import { factsOf, known, notKnown, REPOSITORY } from "./facts-of.ts";

describe("a repository's previews", () => {
  const inventory = clustersOf().inventory;
  const sample = (address: NonNullable<NonNullable<RepositoryFacts["preview"]>["sample"]>["address"]) => {
    const host = "pr-shop-1-00000000.preview.acme.dev";
    return { preview: { sample: { url: `https://${host}`, host, address } } };
  };
  const source = { source: { repository: "Acme/deploy", path: ".", revision: "HEAD" } };
  const given = { ...inventory, deployRepositories: [{ repository: "acme/deploy", usedBy: ["acme/shop"] }] };
  const seen = (value: boolean) => ({ preview: { ...sample({ found: true }).preview, sourceSeen: known(value) } });
  const ingress = (...hosts: [string, string][]) => ({
    clusters: [clusterOf({ hosts: known(hosts.map(([host, namespace]) => ({ host, namespace }))) })],
  });
  const two = [clusterOf(), clusterOf({ declared: { ...DECLARED, name: "eu" }, besideArgoCd: false })];
  const both = known(new Map(["in-cluster", "eu"].map((name) => [name, true])));

  test.each<[string, string[], RepositoryFacts, Partial<ClustersFacts>?]>([
    [
      "nowhere to go",
      ["fail preview"],
      previewing(),
      { inventory: { ...inventory, clusters: [{ ...DECLARED, repositories: ["acme/other"] }] } },
    ],
    ["no such cluster", ["fail preview"], previewing({ placement: { clusters: ["mars"] } })],
    [
      "a host that the inventory does not list",
      ["fail preview-url"],
      previewing({ url: "https://{{slug}}.evil.dev" }),
      { inventory: { ...inventory, hosts: ["*.preview.acme.dev"] } },
    ],
    ["a host that admission refuses", ["fail preview-url"], previewing({ url: "https://{{slug}}.evil.dev" })],
    ["a name that is not in the DNS", ["fail preview-url"], previewing({}, sample({ found: false }))],
    ["a name that nobody could look up", ["unknown preview-url"], previewing({}, sample({ unknown: "EAI_AGAIN" }))],
    [
      "an address that may not be asked",
      ["fail preview-url"],
      previewing({}, sample({ found: true, refused: "not a public address" })),
    ],
    ["a name that was not looked up", ["unknown preview-url"], previewing({}, { preview: {} })],
    ["manifests of a repository that is not given", ["fail preview-source"], previewing(source, seen(true))],
    [
      "manifests of a repository that the App does not see",
      ["fail preview-source"],
      previewing(source, seen(false)),
      { inventory: given },
    ],
    [
      "manifests of a repository that nobody looked for",
      ["unknown preview-source"],
      previewing(source),
      { inventory: given },
    ],
    ["manifests of a repository that is given and seen", [], previewing(source, seen(true)), { inventory: given }],
    [
      "a source that admission refuses",
      ["fail preview-source"],
      previewing(),
      {
        clusters: [
          clusterOf({
            policies: policiesOf({ "hms-self-argocd": (policy) => withVariable(policy, "sources", "['https://x/']") }),
          }),
        ],
      },
    ],
    [
      "a host of somebody's Ingress",
      ["fail preview-hosts"],
      previewing({ url: "https://{{number}}.preview.acme.dev" }),
      ingress(["7.preview.acme.dev", "shop"]),
    ],
    [
      "a host of two previews",
      ["fail preview-hosts"],
      previewing({ url: "https://{{number}}.preview.acme.dev" }),
      ingress(["7.preview.acme.dev", "pr-a-7-0000000a"], ["7.preview.acme.dev", "pr-b-7-0000000b"]),
    ],
    [
      "a host of its own",
      [],
      previewing(),
      ingress(["pr-shop-7-0000000a.preview.acme.dev", "pr-shop-7-0000000a"], ["www.acme.dev", "shop"]),
    ],
    ["dots that are no wildcards", [], previewing(), ingress(["pr-shop-7-0000000a.previewxacme.dev", "shop"])],
    [
      "hosts that nobody could list",
      ["unknown preview-hosts"],
      previewing(),
      { clusters: [clusterOf({ hosts: notKnown("forbidden") })] },
    ],
    [
      "one host on two clusters",
      ["warn preview-hosts"],
      previewing({ placement: { clusters: ["in-cluster", "eu"] } }),
      { clusters: two, argocd: { ...ARGOCD, known: both } },
    ],
    [
      "a host for each cluster",
      [],
      previewing({
        placement: { clusters: ["in-cluster", "eu"] },
        url: "https://{{slug}}-{{cluster}}.preview.acme.dev",
      }),
      { clusters: two, argocd: { ...ARGOCD, known: both } },
    ],
    ["no URL", [], previewing({ url: undefined }, { preview: {} })],
  ])("%s: %j", (_name, expected, repository, clusters) => {
    expect(worse(factsWith(clustersOf(clusters), [repository]))).toEqual(expected);
  });

  test("two repositories with the same hosts are both told, and neither learns the other's name", () => {
    const url = "https://{{number}}.preview.acme.dev";
    const secret = previewing({ url }, { name: "secret", repositoryId: 10 });
    const facts = factsWith(clustersOf(), [previewing({ url }), secret]);
    expect(worse(facts)).toEqual(["fail preview-hosts", "fail preview-hosts"]);
    const [first] = diagnose(facts).filter(({ code }) => code === "preview-hosts");
    expect(first?.about?.repositoryId).toBe(REPOSITORY.repositoryId);
    expect(first?.what).not.toContain("secret");
  });

  test("hms.yml describes previews where there are no clusters", () => {
    expect(worse(factsOf({ repositories: [previewing()] }))).toEqual(["warn preview"]);
    expect(worse(factsOf({ repositories: [previewing()], clusters: notKnown("x") }))).toEqual([
      "fail previews",
      "unknown preview",
    ]);
  });
});
