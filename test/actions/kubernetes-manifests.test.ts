import { describe, expect, test } from "vitest";
import { isPassedOver } from "../../actions/scan/src/tools/kubernetes-manifests.ts";

const of = (kind: string, more = "") => `apiVersion: v1\nkind: ${kind}\nmetadata: { name: a }\n${more}`;
const judged = (kinds: Record<string, number>) => new Map(Object.entries(kinds));

describe("a manifest of which nothing is said", () => {
  test.each<[string, string, Record<string, number>?]>([
    ["a workload", of("Pod")],
    ["the second of two", `${of("Pod")}---\n${of("Pod")}`, { Pod: 1 }],
    ["one beside another kind", `${of("ConfigMap")}---\n${of("Deployment")}`, { ConfigMap: 1 }],
    ["one with a tag that Go passes over", of("Pod", "spec: !x {}\n")],
    ["one before something broken", `${of("Job")}---\n{{{\n`],
    ["one that is said to be a template", `# {{ .Values.x }}\n${of("Pod")}`],
    ["one in a list", `apiVersion: v1\nkind: List\nitems:\n  - ${of("Pod").trim().replaceAll("\n", "\n    ")}\n`],
    ["a list of its own kind", "apiVersion: v1\nkind: PodList\nitems: []\n"],
    ["one whose keys are escaped", '"\\x61piVersion": v1\n"kin\\x64": Pod\n'],
    ["one whose kind stands elsewhere", "a: &a Pod\napiVersion: v1\nkind: *a\n"],
    ["one that merges another", "apiVersion: v1\nkind: ConfigMap\n<<: { kind: Pod }\n", { ConfigMap: 1 }],
    ["one that nobody can unfold", `${of("Pod")}x: ${"[".repeat(10_000)}`, { Pod: 1 }],
    ["one that is too long", `${of("Pod")}# ${"x".repeat(9_000_000)}\n`, { Pod: 1 }],
    ["JSON", JSON.stringify({ apiVersion: "v1", kind: "Pod" })],
    ["a template that no YAML is", "apiVersion: v1\nkind: Pod\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n"],
  ])("is passed over: %s", (_, text, said = {}) => {
    expect(isPassedOver(text, judged(said))).toBe(true);
  });

  test.each<[string, string, Record<string, number>?]>([
    ["a kind of somebody else's", of("Rollout")],
    ["what only names a workload", of("HorizontalPodAutoscaler", "spec: { scaleTargetRef: { kind: Deployment } }\n")],
    ["what all is said of", `${of("Pod")}---\n${of("Pod")}---\n${of("Service")}`, { Pod: 2, Service: 1 }],
    ["what is no manifest", "version: 1\nkind: Pod\n"],
    ["much that is none", `{"version": "${"x".repeat(9_000_000)}"}`],
    ["JSON with a comment and an escape", '{ // \\u00e4\n "a": 1 }'],
    ["words", "The fields apiVersion and kind say what a Pod is.\n"],
    ["nothing", ""],
  ])("is not for Checkov to judge: %s", (_, text, said = {}) => {
    expect(isPassedOver(text, judged(said))).toBe(false);
  });
});
