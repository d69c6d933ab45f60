import { BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import { liesIn } from "../../src/preview/cidr.ts";
import { networkPolicies } from "../../src/preview/network-policies.ts";
import { inventoryCluster, type PlanGiven, previewConfig, previewPlan } from "./plans.ts";

interface Peer {
  ipBlock?: { cidr: string; except?: string[] };
  namespaceSelector?: { matchLabels?: Record<string, string> };
  podSelector?: object;
}
interface Spec {
  podSelector: object;
  policyTypes: string[];
  ingress?: { from: Peer[] }[];
  egress?: { to: Peer[]; ports?: { protocol: string; port: number }[] }[];
}

const made = (given: PlanGiven = {}) => {
  const plan = previewPlan(given);
  const at = plan.places[0];
  if (!at) throw new Error("a plan has a place");
  return networkPolicies(plan, at);
};
const specs = (policies: KubeObject[]) => policies.map(({ spec }) => spec as Spec);

/** Whether a Pod may open a connection to an address outside the cluster's namespaces, as a controller of network policies reads them. */
function reaches(policies: KubeObject[], address: string, port: number): boolean {
  const family = address.includes(":") ? "ipv6" : "ipv4";
  const holds = (cidr: string) => {
    const [start = "", prefix] = cidr.split("/");
    if (start.includes(":") !== (family === "ipv6")) return false;
    const list = new BlockList();
    list.addSubnet(start, Number(prefix), family);
    return list.check(address, family);
  };
  return specs(policies)
    .flatMap(({ egress = [] }) => egress)
    .filter(({ ports }) => !ports || ports.some((one) => one.port === port && one.protocol === "TCP"))
    .flatMap(({ to }) => to)
    .some(({ ipBlock }) => ipBlock && holds(ipBlock.cidr) && !(ipBlock.except ?? []).some(holds));
}

const FORBIDDEN = ["203.0.113.0/24", "2001:db8:1::/48", "10.9.0.0/16", "10.8.1.0/24"];
const DECLARED = [
  { cidr: "10.8.0.0/16", ports: [5432] },
  { cidr: "10.9.3.0/24", ports: [5432] },
  { cidr: "0.0.0.0/0", ports: [6443] },
  { cidr: "169.254.169.254/32", ports: [80] },
  { cidr: "fd12::/16", ports: [5432] },
];
const fenced = made({
  clusters: [inventoryCluster({ forbiddenCidrs: FORBIDDEN })],
  config: previewConfig({ egress: DECLARED }),
});

describe("addresses that a preview reaches", () => {
  test.each<[address: string, port: number, yes: boolean]>([
    ["93.184.216.34", 443, true],
    ["2606:2800:220:1::1", 443, true],
    ["169.254.169.254", 80, false],
    ["169.254.170.2", 80, false],
    ["fd00:ec2::254", 80, false],
    ["fe80::1", 80, false],
    ["168.63.129.16", 80, false],
    ["100.100.100.200", 80, false],
    ["10.0.0.1", 443, false],
    ["10.96.0.1", 443, false],
    ["172.31.255.255", 443, false],
    ["192.168.1.1", 443, false],
    ["100.64.0.1", 443, false],
    ["127.0.0.1", 443, false],
    ["0.0.0.0", 443, false],
    ["::1", 443, false],
    ["fd12::1", 443, false],
    ["203.0.113.7", 443, false],
    ["2001:db8:1::7", 443, false],
    // Declared, with what the operator forbids taken out of it.
    ["10.8.0.5", 5432, true],
    ["10.8.0.5", 22, false],
    ["10.8.1.5", 5432, false],
    ["10.9.3.5", 5432, false],
    ["fd12::1", 5432, true],
    ["169.254.169.254", 6443, false],
    ["203.0.113.7", 6443, false],
  ])("%s port %i: %s", (address, port, yes) => {
    expect(reaches(fenced, address, port)).toBe(yes);
  });

  test("a fork's code gets no declared exception", () => {
    const fork = made({ fork: true, config: previewConfig({ egress: DECLARED }) });
    expect(reaches(fork, "10.8.0.5", 5432)).toBe(false);
    expect(reaches(fork, "93.184.216.34", 443)).toBe(true);
  });

  test("a whole family that is forbidden is not opened", () => {
    const one = made({ clusters: [inventoryCluster({ forbiddenCidrs: ["::/0"] })] });
    expect(reaches(one, "2606:2800:220:1::1", 443)).toBe(false);
  });

  test("every exception lies in its range, and none in another", () => {
    const blocks = specs(fenced).flatMap(({ egress = [] }) =>
      egress.flatMap(({ to }) => to.flatMap((it) => it.ipBlock ?? [])),
    );
    for (const { cidr, except = [] } of blocks) {
      for (const one of except) {
        expect(liesIn(one, cidr) && !liesIn(cidr, one)).toBe(true);
        expect(except.filter((other) => liesIn(one, other))).toEqual([one]);
      }
    }
  });
});

test("everything is closed first, for every Pod", () => {
  expect(specs(fenced)[0]).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  expect(specs(fenced).every(({ podSelector }) => JSON.stringify(podSelector) === "{}")).toBe(true);
});

test("the ingress controller, scans and the namespace itself come in, and nobody else", () => {
  const from = specs(fenced).flatMap(({ ingress = [] }) => ingress.flatMap((rule) => rule.from));
  expect(from).toEqual([
    { podSelector: {} },
    { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } } },
    { namespaceSelector: { matchLabels: { "hms-sys.dev/role": "dast" } } },
  ]);
});

test("an inventory without labels of the ingress controller opens nothing", () => {
  const from = specs(made({ clusters: [inventoryCluster({ ingressNamespaceLabels: {} })] }))
    .flatMap(({ ingress = [] }) => ingress)
    .flatMap((rule) => rule.from);
  expect(from.map(({ namespaceSelector }) => namespaceSelector?.matchLabels)).not.toContainEqual({});
  expect(from).toHaveLength(2);
});

test("ranges lie in each other as Node's own list says", () => {
  const v4 = fc.ipV4().chain((address) => fc.nat({ max: 32 }).map((prefix) => `${address}/${prefix}`));
  const v6 = fc.ipV6().chain((address) => fc.nat({ max: 128 }).map((prefix) => `${address}/${prefix}`));
  fc.assert(
    fc.property(fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6)), ([one, other]) => {
      const [start = "", prefix] = one.split("/");
      const [outer = "", size] = other.split("/");
      const list = new BlockList();
      list.addSubnet(outer, Number(size), outer.includes(":") ? "ipv6" : "ipv4");
      const expected = Number(prefix) >= Number(size) && list.check(start, start.includes(":") ? "ipv6" : "ipv4");
      expect(liesIn(one, other)).toBe(expected);
      expect(liesIn(one, one)).toBe(true);
    }),
  );
  for (const text of ["10.0.0.0", "10.0.0.0/33", "256.0.0.0/8", "::1::/8", "1:2:3/64", "x/8", "::/129", "/8"])
    expect(liesIn(text, text)).toBe(false);
});
