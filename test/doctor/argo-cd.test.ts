import { describe, expect, test } from "vitest";
import type { ArgoCdFacts } from "../../src/doctor/cluster-facts.ts";
import { ARGOCD, clustersOf, factsWith, told, worse } from "./cluster-facts-of.ts";
import { known, notKnown } from "./facts-of.ts";

describe("Argo CD", () => {
  const config = (change: Record<string, string | undefined>) => {
    const data = { ...(ARGOCD.config as { value: Record<string, string> }).value, ...change };
    return known(JSON.parse(JSON.stringify(data)) as Record<string, string>);
  };
  const controller = (image: string, args: string[] = []) => known({ image: `quay.io/argoproj/argocd:${image}`, args });
  const policy = (text: string, more: Record<string, string> = {}) =>
    known({ "applicationsetcontroller.policy": text, ...more });
  const tracking = "application.resourceTrackingMethod";

  test.each<[string, string[], Partial<ArgoCdFacts>]>([
    ["nobody can tell", ["unknown argocd"], { namespace: notKnown("no answer") }],
    ["is not there", ["fail argocd"], { namespace: known(false) }],
    ["has no ApplicationSets", ["fail argocd"], { kindsMissing: known(["applicationsets"]) }],
    ["does not tell its kinds", ["unknown argocd"], { kindsMissing: notKnown("forbidden") }],
    ["is newer", ["warn argocd-version"], { controller: controller("v3.3.0") }],
    ["is older than impersonation", ["fail argocd-version"], { controller: controller("v2.12.9") }],
    ["is of any version", ["unknown argocd-version"], { controller: controller("latest") }],
    ["is by digest", [], { controller: controller("v3.2.6@sha256:0a") }],
    ["has no such Deployment", ["unknown argocd-version", "unknown argocd-policy"], { controller: known(undefined) }],
    [
      "does not impersonate",
      ["fail argocd-impersonation"],
      { config: config({ "application.sync.impersonation.enabled": undefined }) },
    ],
    [
      "says yes in a way that it does not read",
      ["fail argocd-impersonation"],
      { config: config({ "application.sync.impersonation.enabled": "True" }) },
    ],
    ["has no argocd-cm", ["fail argocd-impersonation", "unknown argocd-cluster"], { config: known(undefined) }],
    [
      "does not show argocd-cm",
      ["unknown argocd-impersonation", "unknown argocd-tracking", "unknown argocd-cluster"],
      { config: notKnown("forbidden") },
    ],
    ["tracks by label", ["fail argocd-tracking"], { config: config({ [tracking]: "label" }) }],
    ["tracks by both", [], { config: config({ [tracking]: "annotation+label" }) }],
    ["tracks by the default of version 3", [], { config: config({ [tracking]: undefined }) }],
    [
      "tracks by the default of version 2",
      ["warn argocd-version", "fail argocd-tracking"],
      { config: config({ [tracking]: undefined }), controller: controller("v2.14.1") },
    ],
    [
      "tracks by the default of nobody knows which",
      ["unknown argocd-version", "unknown argocd-tracking"],
      { config: config({ [tracking]: undefined }), controller: controller("latest") },
    ],
    ["only makes and changes", ["fail argocd-policy"], { parameters: policy("create-update") }],
    ["only makes", ["fail argocd-policy"], { parameters: policy("create-only") }],
    ["never changes", ["fail argocd-policy"], { parameters: policy("create-delete") }],
    ["has the default policy", [], { parameters: known(undefined) }],
    [
      "lets sets say otherwise",
      [],
      { parameters: policy("create-only", { "applicationsetcontroller.enable.policy.override": "true" }) },
    ],
    ["has a flag", ["fail argocd-policy"], { controller: controller("v3.2.6", ["--policy", "create-update"]) }],
    ["has a flag with =", ["fail argocd-policy"], { controller: controller("v3.2.6", ["--policy=create-only"]) }],
    [
      "has a flag that wins over the ConfigMap",
      [],
      { parameters: policy("create-only"), controller: controller("v3.2.6", ["--policy=sync"]) },
    ],
    ["does not show its parameters", ["unknown argocd-policy"], { parameters: notKnown("forbidden") }],
    ["knows no such cluster", ["fail argocd-cluster"], { known: known(new Map([["in-cluster", false]])) }],
    [
      "knows its own cluster by a Secret alone",
      ["unknown argocd-cluster"],
      { config: config({ "cluster.inClusterEnabled": "false" }) },
    ],
    [
      "has synced a preview there",
      [],
      { config: config({ "cluster.inClusterEnabled": "false" }), known: known(new Map([["in-cluster", true]])) },
    ],
  ])("%s: %j", (_name, expected, argocd) => {
    const found = worse(factsWith(clustersOf({ argocd: { ...ARGOCD, ...argocd } })));
    expect([...found].sort()).toEqual([...expected].sort());
  });

  test("a command changes one setting and leaves the others", () => {
    const facts = factsWith(clustersOf({ argocd: { ...ARGOCD, config: config({ [tracking]: "label" }) } }));
    expect(told(facts, "argocd-tracking")?.command).toBe(
      `kubectl -n argocd patch configmap argocd-cm --type merge -p '{"data":{"${tracking}":"annotation"}}'`,
    );
  });
});
