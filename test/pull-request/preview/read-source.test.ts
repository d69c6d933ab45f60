import { expect, test } from "vitest";
import type { Inventory } from "../../../src/config/clusters.ts";
import { PREVIEW_DEFAULTS } from "../../../src/config/preview-merge.ts";
import { type CommitTree, GitHubError, type RepositoryApi } from "../../../src/ports/github.ts";
import { FactMemory } from "../../../src/pull-request/preview/github-facts.ts";
import { readSource, type SourceScene } from "../../../src/pull-request/preview/read-source.ts";
import { recordsInMemory } from "../records-in-memory.ts";

const HEAD = "a".repeat(40);
const component = (name: string) => ({
  name,
  path: `deploy/${name}`,
  image: undefined,
  imageName: undefined,
  helm: {},
});
const inventory: Inventory = {
  argocd: { cluster: "in-cluster", namespace: "argocd" },
  clusters: [],
  deployRepositories: [{ repository: "acme/deploy", usedBy: ["acme/shop"] }],
  helmRepositories: [],
  extraKinds: [],
  retired: [],
  hosts: [],
  credentials: [],
};
const files = {
  "deploy/web/kustomization.yaml": "resources: [../base]",
  "deploy/base/kustomization.yaml": "resources: [web.yaml]",
  "deploy/base/web.yaml": "kind: Service",
  "deploy/api/api.yaml": "kind: Service",
};

function sceneOf(given: Record<string, string | Uint8Array> = files, { whole = true, name = "shop" } = {}) {
  const calls: string[] = [];
  const ref = (id: number, repository: string) => ({ id, owner: "acme", name: repository, defaultBranch: "main" });
  const apiOf = (id: number, repository: string) =>
    ({
      ref: ref(id, repository),
      async commit(revision: string) {
        calls.push(`commit ${repository} ${revision}`);
        return { summary: { sha: "d".repeat(40) } };
      },
      async tree(sha: string) {
        calls.push(`tree ${repository} ${sha.slice(0, 1)}`);
        const tree: CommitTree = new Map(
          Object.entries(given).map(([path, text]) => [path, { sha: path, mode: "100644", sizeBytes: text.length }]),
        );
        tree.whole = whole;
        return tree;
      },
      async blob(sha: string) {
        calls.push(`blob ${sha}`);
        return Buffer.from(given[sha] ?? "");
      },
    }) as unknown as RepositoryApi;
  const scene: SourceScene = {
    deps: {
      github: {
        repository: (_installation, { id, name: repository }) => apiOf(id, repository),
        repositories: async () => [ref(1, name), ref(2, "deploy")],
      },
      engine: { records: recordsInMemory() },
      facts: new FactMemory(),
    },
    key: { installationId: 7 },
    api: apiOf(1, name),
    pull: { headSha: HEAD },
    nowMs: 0,
  };
  return { scene, calls };
}
const config = { ...PREVIEW_DEFAULTS, components: [component("web"), component("api")] };
const deployed = { ...config, source: { repository: "Acme/Deploy", path: ".", revision: "main" } };

test("each component's tool is found, and what was found costs calls once", async () => {
  const { scene, calls } = sceneOf();
  const found = { ok: true, revision: HEAD, tools: { web: "kustomize", api: "directory" } };
  expect(await readSource(scene, { inventory }, config)).toEqual(found);
  expect(calls).toEqual(["tree shop a", "blob deploy/web/kustomization.yaml", "blob deploy/base/kustomization.yaml"]);
  expect(await readSource(scene, { inventory }, config)).toEqual(found);
  expect(calls).toHaveLength(3);
});

test("what the operator allows is part of what was found", async () => {
  const { scene, calls } = sceneOf();
  await readSource(scene, { inventory }, config);
  await readSource(scene, { inventory: { ...inventory, helmRepositories: ["https://a.dev"] } }, config);
  expect(calls.filter((call) => call.startsWith("tree"))).toHaveLength(2);
});

test("a refusal of any component refuses all, and is remembered too", async () => {
  const { scene, calls } = sceneOf({ ...files, "deploy/base/kustomization.yaml": "resources: [https://a.dev/x]" });
  const refused = [
    {
      cause: "source",
      message:
        "deploy/base/kustomization.yaml: https://a.dev/x is not in this repository: remote sources are not previewed",
      component: "web",
      file: "deploy/base/kustomization.yaml",
      awaits: "people",
    },
  ];
  expect(await readSource(scene, { inventory }, config)).toEqual({ refused });
  expect(await readSource(scene, { inventory }, config)).toEqual({ refused });
  expect(calls.filter((call) => call.startsWith("tree"))).toHaveLength(1);
});

test("text that is not UTF-8 is refused", async () => {
  const { scene } = sceneOf({ ...files, "deploy/web/kustomization.yaml": Buffer.from([0xff, 0xfe, 0x72, 0]) });
  expect(await readSource(scene, { inventory }, config)).toMatchObject({
    refused: [{ message: "deploy/web/kustomization.yaml: is not UTF-8 text" }],
  });
});

test("a tree that GitHub cut is unknown, never fine, and asked for again", async () => {
  const { scene, calls } = sceneOf(files, { whole: false });
  const unknown = { unknown: "The repository has more files than GitHub shows." };
  expect(await readSource(scene, { inventory }, config)).toEqual(unknown);
  expect(await readSource(scene, { inventory }, config)).toEqual(unknown);
  expect(calls).toHaveLength(2);
});

test("what GitHub does not show is unknown; of a limit the worker knows when it ends", async () => {
  const { scene } = sceneOf();
  const failing = (fault: "not-found" | "limited") => ({
    ...scene,
    api: { ...scene.api, tree: () => Promise.reject(new GitHubError(fault, 404, "no")) },
  });
  expect(await readSource(failing("not-found"), { inventory }, config)).toEqual({
    unknown: "GitHub did not show the source (not-found).",
  });
  await expect(readSource(failing("limited"), { inventory }, config)).rejects.toThrow(GitHubError);
});

test("a deploy repository is pinned to the commit that was looked at", async () => {
  const { scene, calls } = sceneOf();
  expect(await readSource(scene, { inventory }, deployed)).toMatchObject({ ok: true, revision: "d".repeat(40) });
  expect(calls.slice(0, 2)).toEqual(["commit deploy main", "tree deploy d"]);
});

test.each([
  ["other", inventory, "The operator has not allowed acme/other to be deployed from Acme/Deploy."],
  [
    "shop",
    { ...inventory, deployRepositories: [{ repository: "acme/elsewhere", usedBy: ["acme/*"] }] },
    "The operator has not allowed acme/shop to be deployed from Acme/Deploy.",
  ],
])("a deploy repository is only for whom the operator says: %s", async (name, given, message) => {
  const { scene, calls } = sceneOf(files, { name });
  expect(await readSource(scene, { inventory: given }, deployed)).toMatchObject({ refused: [{ message }] });
  expect(calls).toEqual([]);
});

test("a deploy repository that the installation does not see", async () => {
  const { scene, calls } = sceneOf();
  const elsewhere = { ...inventory, deployRepositories: [{ repository: "other/deploy", usedBy: ["acme/*"] }] };
  const source = { repository: "other/deploy", path: ".", revision: "main" };
  expect(await readSource(scene, { inventory: elsewhere }, { ...config, source })).toMatchObject({
    refused: [{ message: "HMS-SYS is not installed on other/deploy, from which the preview is to be made." }],
  });
  expect(calls).toEqual([]);
});
