import { describe, expect, test } from "vitest";
import type { AdmissionPolicy } from "../../src/config/shipped-manifests.ts";
import { variableOf } from "../../src/doctor/check-fences.ts";
import type { ClusterFacts, ClustersFacts } from "../../src/doctor/cluster-facts.ts";
import { diagnose } from "../../src/doctor/diagnose.ts";
import { rightsInWords, rightsOf } from "../../src/doctor/rights.ts";
import {
  BINDINGS,
  clusterOf,
  clustersOf,
  DECLARED,
  factsWith,
  policiesOf,
  previewing,
  SHIPPED,
  told,
  withVariable,
  worse,
} from "./cluster-facts-of.ts";
import { factsOf, known, notKnown } from "./facts-of.ts";

test("without clusters previews are off, in one line; with some as they should be there is nothing to mend", () => {
  expect(diagnose(factsOf()).filter(({ code }) => code === "previews")).toMatchObject([
    { level: "ok", what: expect.stringContaining("Previews are off") },
  ]);
  expect(worse(factsWith(clustersOf(), [previewing()]))).toEqual([]);
});

test("clusters that cannot be connected to as they are declared are to be mended", () => {
  const facts = factsOf({ clusters: notKnown("/etc/kubeconfig: no context is called preview-eu") });
  expect(worse(facts)).toEqual(["fail previews"]);
  expect(told(facts, "previews")?.what).toContain("preview-eu");
});

const withSpec = (change: Partial<AdmissionPolicy["spec"]>) => (policy: AdmissionPolicy) => ({
  ...policy,
  spec: { ...policy.spec, ...change },
});
const shippedPolicy = (name: string) =>
  SHIPPED.everywhere.policies.find(({ metadata }) => metadata.name === name) as AdmissionPolicy;
const pods = shippedPolicy("hms-preview-pods").spec;
const syncRule = (resources: string[], apiGroups = ["database.acme.dev"], verbs = ["create", "patch", "delete"]) =>
  known([{ apiGroups, resources, verbs, resourceNames: [] }]);
const extra = { ...clustersOf().inventory, extraKinds: [{ group: "database.acme.dev", kind: "Policy" }] };

const SCAN_IMAGE = `registry.acme.dev/hms-scan@sha256:${"5".repeat(64)}`;
const scanning = {
  ...DECLARED,
  scans: { image: SCAN_IMAGE, reportCidrs: [], targetCidrs: [], registryCidrs: [], cpu: "1", memory: "1Gi" },
};

describe("a cluster", () => {
  test.each<[string, string[], Partial<ClusterFacts>, Partial<ClustersFacts>?]>([
    ["does not answer", ["unknown cluster"], { version: notKnown("no answer") }],
    ["is too old", ["fail cluster"], { version: known("v1.30.4") }],
    ["is of the oldest version", [], { version: known("v1.31.0-eks-1a2b") }],
    ["does not tell its version", ["unknown cluster"], { version: known("v0.0.0-master") }],
    ["is simulated", ["warn cluster"], { version: known("v1.36.3+simulated") }],
    [
      "gives too few rights",
      ["fail cluster-rights"],
      { rights: known({ missing: ["create namespaces"], unneeded: [] }) },
    ],
    [
      "gives too many rights",
      ["warn cluster-rights-unneeded"],
      { rights: known({ missing: [], unneeded: ["list secrets"] }) },
    ],
    ["does not tell rights", ["unknown cluster-rights"], { rights: notKnown("forbidden") }],
    ["does not show policies", ["unknown fences"], { policies: notKnown("forbidden") }],
    ["does not show bindings", ["unknown fences"], { bindings: notKnown("forbidden") }],
    ["lacks a policy", ["fail fences"], { policies: policiesOf({ "hms-preview-pods": () => undefined }) }],
    ["lacks a policy of Argo CD's", ["fail fences"], { policies: policiesOf({ "hms-self-argocd": () => undefined }) }],
    [
      "needs none of Argo CD's elsewhere",
      [],
      { besideArgoCd: false, policies: policiesOf({ "hms-self-argocd": () => undefined }) },
    ],
    [
      "has a policy that fails open",
      ["fail fences"],
      { policies: policiesOf({ "hms-preview-pods": withSpec({ failurePolicy: "Ignore" }) }) },
    ],
    ["lacks a binding", ["fail fences"], { bindings: known(BINDINGS.slice(1)) }],
    [
      "has a binding that only warns",
      ["fail fences"],
      { bindings: known(BINDINGS.map((one, at) => ({ ...one, denies: at > 0 }))) },
    ],
    [
      "has a policy with fewer refusals",
      ["warn fences-changed"],
      { policies: policiesOf({ "hms-preview-pods": withSpec({ validations: pods.validations.slice(1) }) }) },
    ],
    [
      "has a policy with more refusals",
      [],
      {
        policies: policiesOf({
          "hms-preview-pods": withSpec({ validations: [...pods.validations, { expression: "false" }] }),
        }),
      },
    ],
    [
      "has a policy with an exemption",
      ["warn fences-changed"],
      { policies: policiesOf({ "hms-preview-pods": withSpec({ matchConditions: [{ expression: "false" }] }) }) },
    ],
    [
      "has a policy for less",
      ["warn fences-changed"],
      {
        policies: policiesOf({
          "hms-preview-pods": withSpec({
            matchConstraints: { ...pods.matchConstraints, objectSelector: { matchLabels: { a: "b" } } },
          }),
        }),
      },
    ],
    [
      "has a variable that somebody changed",
      ["warn fences-changed"],
      { policies: policiesOf({ "hms-self-scope": (policy) => withVariable(policy, "preview", "true") }) },
    ],
    [
      "has annotations of the operator's ingress controller",
      [],
      { policies: policiesOf({ "hms-preview-ingresses": (policy) => withVariable(policy, "annotations", "['a']") }) },
    ],
    ["knows us by another name", ["fail cluster-identity"], { user: known("admin") }],
    ["does not say who we are", ["unknown cluster-identity"], { user: notKnown("forbidden") }],
    [
      "has policies for another namespace of Argo CD",
      ["fail cluster-identity"],
      { policies: policiesOf({ "hms-self-scope": (policy) => withVariable(policy, "argocd", "'gitops'") }) },
    ],
    [
      "leaves hosts open",
      ["warn fences-open"],
      { policies: policiesOf({ "hms-self-namespaces": (policy) => withVariable(policy, "domains", "[]") }) },
    ],
    [
      "refuses hosts that the inventory allows",
      ["fail fences-hosts"],
      {},
      { inventory: { ...clustersOf().inventory, hosts: ["*.preview.acme.dev", "*.other.dev"] } },
    ],
    ["refuses the image that scans are to run", ["fail fences-scans"], { declared: scanning }],
    [
      "lets it run",
      [],
      {
        declared: scanning,
        policies: policiesOf({ "hms-self-scans": (policy) => withVariable(policy, "images", `['${SCAN_IMAGE}']`) }),
      },
    ],
    [
      "says in another way which images scans may run",
      ["unknown fences-scans"],
      {
        declared: scanning,
        policies: policiesOf({ "hms-self-scans": (policy) => withVariable(policy, "images", "variables.own") }),
      },
    ],
    [
      "has no rule for an extra kind",
      ["fail extra-kinds"],
      { syncRules: syncRule(["services"]) },
      { inventory: extra },
    ],
    ["has a rule for it", [], { syncRules: syncRule(["policies"]) }, { inventory: extra }],
    [
      "has a rule for reading it",
      ["fail extra-kinds"],
      { syncRules: syncRule(["policies"], ["*"], ["get"]) },
      { inventory: extra },
    ],
    ["has no role for it", ["fail extra-kinds"], { syncRules: known(undefined) }, { inventory: extra }],
    ["does not show the role", ["unknown extra-kinds"], { syncRules: notKnown("forbidden") }, { inventory: extra }],
    ["has no ingress controller", ["warn ingress-controller"], { ingressNamespaces: known([]) }],
    ["has no IngressClass", ["warn ingress-controller"], { ingressClasses: known(0) }],
    ["does not show namespaces", ["unknown ingress-controller"], { ingressNamespaces: notKnown("forbidden") }],
  ])("%s: %j", (_name, expected, cluster, clusters) => {
    expect(worse(factsWith(clustersOf({ clusters: [clusterOf(cluster)], ...clusters })))).toEqual(expected);
  });

  test("commands are for the context that is meant, quoted", () => {
    const declared = { ...DECLARED, context: "it's eu" };
    const clusters = [clusterOf({ declared, bindings: known([]) })];
    expect(told(factsWith(clustersOf({ clusters })), "fences")?.command).toBe(
      "kubectl --context 'it'\\''s eu' apply --server-side -k manifests/overlays/example",
    );
  });

  test("an administrator is told as one", () => {
    const clusters = [clusterOf({ rights: known({ missing: [], unneeded: ["everything"] }) })];
    expect(told(factsWith(clustersOf({ clusters })), "cluster-rights-unneeded")?.what).toContain("administrator");
  });

  test("what overlays leave open is there to be read", () => {
    expect(variableOf(shippedPolicy("hms-self-namespaces"), "domains")).toBe("[]");
    expect(variableOf(shippedPolicy("hms-self-scope"), "argocd")).toBe("'argocd'");
    const words = rightsInWords(rightsOf(SHIPPED.beside.rules, "argocd"));
    expect(words).toContain("create, patch, delete secrets in argocd");
    expect(rightsInWords(rightsOf(SHIPPED.everywhere.rules))).toContain("create, patch, delete secrets hms-pull");
  });
});
