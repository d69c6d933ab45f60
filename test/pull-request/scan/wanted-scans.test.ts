import { expect, test } from "vitest";
import { type ScanFacts, wantedScans } from "../../../src/pull-request/scan/wanted-scans.ts";
import { configured } from "./configured.ts";

const [HEAD, BASE] = ["a".repeat(40), "b".repeat(40)];

const facts: ScanFacts = {
  number: 12,
  headSha: HEAD,
  mergeBase: BASE,
  changedFiles: ["src/cart.ts", "docs/cart.md"],
  preview: undefined,
  clusters: { dynamic: [], image: [] },
};
const argocd = { cluster: "a", namespace: "argocd" };
const placed = {
  healthy: true,
  url: "https://a.example",
  places: ["a", "b"].map((cluster) => ({ cluster, namespace: "pr-1", argocd })),
};
const healthy = { healthy: true, url: "https://a.example", places: [] };

test.each<
  [string, string, Partial<ScanFacts>, { head: string[]; base?: string[]; held?: string[]; concerned?: string[] }]
>([
  ["nothing is configured", "{}", {}, { head: [] }],
  ["a kind without paths", "{ sast: {} }", {}, { head: ["sast"], base: ["sast"], concerned: ["sast"] }],
  [
    "a kind whose files are changed",
    '{ sast: { paths: ["src/**"] } }',
    {},
    { head: ["sast"], base: ["sast"], concerned: ["sast"] },
  ],
  ["one whose files are not", '{ iac: { paths: ["*.tf"] } }', {}, { head: [] }],
  [
    "a list of files that is not whole",
    '{ iac: { paths: ["*.tf"] } }',
    { changedFiles: null },
    { head: ["iac"], base: ["iac"], concerned: ["iac"] },
  ],
  ["leaks are of the commits between", "{ leaks: {} }", {}, { head: ["leaks"], concerned: ["leaks"] }],
  ["no merge base", "{ sast: {} }", { mergeBase: undefined }, { head: ["sast"], concerned: ["sast"] }],
  ["nothing between base and head", "{ sast: {} }", { mergeBase: HEAD }, { head: ["sast"], concerned: ["sast"] }],
  ["an attack without a preview", "{ dast: {} }", {}, { head: [], held: ["dast unknown"], concerned: ["dast"] }],
  [
    "an attack on a preview that is not there yet",
    "{ dast: {} }",
    { preview: { healthy: false, url: "https://a.example", places: [] } },
    { head: [], held: ["dast running"], concerned: ["dast"] },
  ],
  ["an attack on a preview", "{ dast: {} }", { preview: healthy }, { head: ["dast"], concerned: ["dast"] }],
  [
    "an attack on a preview without an address",
    "{ dast: {} }",
    { preview: { healthy: true, url: undefined, places: [] } },
    { head: [], held: ["dast unknown"], concerned: ["dast"] },
  ],
  [
    "an attack beside the preview",
    "{ dast: { runs_on: cluster } }",
    { preview: healthy },
    { head: [], held: ["dast unknown"], concerned: ["dast"] },
  ],
  [
    "an attack beside the preview, where the operator lets scans run",
    "{ dast: { runs_on: cluster } }",
    { preview: placed, clusters: { dynamic: ["b"], image: [] } },
    { head: ["dast"], concerned: ["dast"] },
  ],
  [
    "an attack beside the preview, where it is not",
    "{ dast: { runs_on: cluster } }",
    { preview: placed, clusters: { dynamic: ["c"], image: ["c"] } },
    { head: [], held: ["dast unknown"], concerned: ["dast"] },
  ],
  [
    "an image on a cluster that reaches no registry",
    '{ image: { runs_on: cluster, image: "ghcr.io/acme/web:1" } }',
    { clusters: { dynamic: ["b"], image: [] } },
    { head: [], held: ["image unknown"], concerned: ["image"] },
  ],
  [
    "no image, on a cluster",
    "{ image: { runs_on: cluster } }",
    { clusters: { dynamic: [], image: ["b"] } },
    { head: [], held: ["image unknown"], concerned: ["image"] },
  ],
  [
    "a server that is asked, about the head alone",
    "{ quality: { project: shop } }",
    {},
    { head: ["quality"], concerned: ["quality"] },
  ],
  ["agents that are not touched", "{ agents: {} }", {}, { head: [] }],
  ["agents", "{ agents: {} }", { changedFiles: ["agents/a.yml"] }, { head: [], concerned: ["agents"] }],
  [
    "agents whose start-up configuration lies elsewhere",
    "{ agents: {} }",
    { changedFiles: ["pc2_code/config/startup_config.yaml"] },
    { head: [], concerned: ["agents"] },
  ],
  [
    "agents whose discovery file lies elsewhere",
    "{ agents: {} }",
    { changedFiles: ["packs/a/.env.discovery"] },
    { head: [], concerned: ["agents"] },
  ],
])("%s", (_, scan, change, { head, base = [], held = [], concerned = [] }) => {
  const wanted = wantedScans(configured(scan), { ...facts, ...change });
  expect({
    head: wanted.head.map(({ kind }) => kind),
    base: wanted.base.map(({ kind }) => kind),
    held: wanted.held.map(({ kind, status }) => `${kind} ${status}`),
    concerned: [...wanted.concerned],
  }).toEqual({ head, base, held, concerned });
});

test("what is uploaded to code scanning is the head's", () => {
  const { head, base } = wantedScans(configured("{ sast: {}, code_scanning: true }"), facts);
  expect(head).toMatchObject([{ kind: "sast", uploadTo: "refs/pull/12/head" }]);
  expect(base).toEqual([{ kind: "sast", tool: "semgrep", timeoutMs: 1_800_000 }]);
});

test("what is scanned in place of the files, and from where on", () => {
  const scan = '{ leaks: {}, dast: {}, image: { image: "ghcr.io/acme/web:{{head_sha}}" } }';
  const { head, base } = wantedScans(configured(scan), { ...facts, preview: healthy });
  expect(head).toMatchObject([
    { kind: "leaks", tool: "gitleaks", base: BASE },
    { kind: "image", tool: "trivy", target: `ghcr.io/acme/web:${HEAD}` },
    { kind: "dast", tool: "wapiti", target: healthy.url },
  ]);
  expect(base).toEqual([{ kind: "image", tool: "trivy", timeoutMs: 1_800_000, target: `ghcr.io/acme/web:${BASE}` }]);
});

test("a scan that is a Job has its place: beside the preview, or wherever registries are reached", () => {
  const scan = '{ dast: { runs_on: cluster }, image: { runs_on: cluster, image: "ghcr.io/acme/web:{{head_sha}}" } }';
  const clusters = { dynamic: ["b", "a"], image: ["c"] };
  const { head, base } = wantedScans(configured(scan), { ...facts, preview: placed, clusters });
  expect(head.map(({ kind, on }) => [kind, on])).toEqual([
    ["image", { cluster: "c" }],
    ["dast", { cluster: "a", preview: "pr-1" }],
  ]);
  expect(base.map(({ kind, on }) => [kind, on])).toEqual([["image", { cluster: "c" }]]);
});

test("a server is asked from where scans are processes of this machine, too", () => {
  const { head } = wantedScans(configured("{ quality: { project: shop } }"), { ...facts, local: true });
  expect(head).toEqual([{ kind: "quality", tool: "sonarqube", timeoutMs: 1_800_000, target: "shop" }]);
});
