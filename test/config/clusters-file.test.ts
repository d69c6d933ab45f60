import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readClusters } from "../../src/config/clusters-file.ts";
import { readSettings } from "../../src/config/settings.ts";

const folder = mkdtempSync(join(tmpdir(), "hms-clusters-"));
afterAll(() => rmSync(folder, { recursive: true }));
const kubeconfig = join(folder, "kubeconfig");
writeFileSync(kubeconfig, "kind: Config\n");
const path = join(folder, "clusters.yml");
const environment = { SHOP_GIT_USER: "bot", SHOP_GIT_TOKEN: "t0ken", GHCR_USER: "bot", WEBHOOK_SECRET: "w" };

function read(text: string, { given = { KUBECONFIG: kubeconfig }, directory = folder } = {}) {
  writeFileSync(path, text);
  return readClusters(
    { ...given, HMS_CLUSTERS: path },
    { environment, secretsDirectory: directory || undefined, reserved: ["WEBHOOK_SECRET"] },
  );
}

const document = readFileSync(new URL("../../docs/clusters.md", import.meta.url), "utf8");
const example = /```yaml\n([\s\S]*?)```/.exec(document)?.[1] ?? "";
const ingressNamespaceLabels = { "kubernetes.io/metadata.name": "ingress-nginx" };
const least = "version: 1\nclusters: [{ name: in-cluster }]\n";
const inventory = {
  argocd: { cluster: "in-cluster", namespace: "argocd" },
  clusters: [{ name: "in-cluster", latencyMs: {}, ingressNamespaceLabels, forbiddenCidrs: [] }],
  retired: [],
  deployRepositories: [],
  helmRepositories: [],
  extraKinds: [],
  hosts: [],
  credentials: [],
};

test("the documentation's example", () => {
  expect(read(example)).toEqual({
    clusters: {
      kubeconfigPath: kubeconfig,
      inventory: {
        argocd: { cluster: "in-cluster", namespace: "argocd" },
        clusters: [
          {
            name: "in-cluster",
            inCluster: true,
            repositories: [],
            latencyMs: {},
            ingressNamespaceLabels,
            forbiddenCidrs: [],
          },
          {
            name: "preview-eu",
            context: "preview-eu",
            repositories: ["acme/*"],
            provider: "aws",
            region: "eu-west-1",
            costPerHour: 0.04,
            latencyMs: { frankfurt: 9, virginia: 88 },
            capacity: 200,
            ingressNamespaceLabels,
            forbiddenCidrs: ["192.0.2.0/24"],
            scans: {
              image: `registry.acme.dev/hms-scan@sha256:${"5".repeat(64)}`,
              reportCidrs: ["10.20.0.10/32"],
              targetCidrs: ["10.20.0.20/32"],
              registryCidrs: ["140.82.112.0/20"],
              cpu: "1",
              memory: "1Gi",
            },
          },
        ],
        retired: ["preview-us"],
        deployRepositories: [{ repository: "acme/shop-deploy", usedBy: ["acme/shop"] }],
        helmRepositories: ["https://charts.acme.dev"],
        extraKinds: [{ group: "database.acme.dev", kind: "PostgreSQLInstance" }],
        hosts: ["*.preview.acme.dev"],
        credentials: [
          {
            repositories: ["acme/shop"],
            git: { username: "env:SHOP_GIT_USER", password: "env:SHOP_GIT_TOKEN" },
            images: [{ registry: "ghcr.io", username: "env:GHCR_USER", password: "file:ghcr-token" }],
          },
        ],
      },
    },
  });
});

test("nothing given: no clusters; a kubeconfig alone: the one of its current context", () => {
  const context = { environment, secretsDirectory: undefined, reserved: [] };
  expect(readClusters({}, context)).toBeUndefined();
  expect(readClusters({ KUBECONFIG: kubeconfig }, context)).toEqual({
    clusters: { inventory, kubeconfigPath: kubeconfig },
  });
  expect(read(least)).toEqual({ clusters: { inventory, kubeconfigPath: kubeconfig } });
});

test("repositories are known in lower case", () => {
  const text = `${least}deploy_repositories: [{ repository: Acme/Deploy, used_by: [Acme/*] }]\n`;
  expect(read(text)).toMatchObject({
    clusters: { inventory: { deployRepositories: [{ repository: "acme/deploy", usedBy: ["acme/*"] }] } },
  });
});

describe("what is refused, all at once and without a word of what might be a secret", () => {
  const credentials = (password: string) =>
    `${least}credentials: [{ repositories: [acme/*], git: { username: env:GHCR_USER, password: ${password} } }]\n`;
  const notAReference = "credentials.0.git.password: must be env:NAME or file:NAME, never the secret itself";
  test.each([
    ["no YAML", "a: [", ["the file is not YAML without aliases"]],
    ["aliases", "a: &a [1]\nb: *a\n", ["the file is not YAML without aliases"]],
    ["a key twice", `${least}version: 1\n`, ["the file is not YAML without aliases"]],
    ["nothing", "", ["the file: Invalid input: expected object, received null"]],
    [
      "a cluster that is and is no more",
      `${least}retired: [in-cluster]\n`,
      ["in-cluster is among clusters and retired"],
    ],
    [
      "an image of scans by its tag",
      least.replace(
        "{ name: in-cluster }",
        "{ name: in-cluster, scans: { image: acme/scan:1, report_cidrs: [10.0.0.1/32] } }",
      ),
      ["clusters.0.scans.image: must be an image by its digest: registry/name@sha256:…"],
    ],
    ["an unknown key", `${least}more: 1\n`, ['the file: Unrecognized key: "more"']],
    ["a literal secret", credentials("hunter2"), [notAReference]],
    ["a file outside", credentials("file:../key"), [notAReference]],
    ["an absolute file", credentials("file:/etc/key"), [notAReference]],
    ["a hidden file", credentials("file:a/.key"), [notAReference]],
    [
      "a variable that is not set",
      credentials("env:NOPE"),
      ["credentials.0.git.password: the variable NOPE is not set"],
    ],
    [
      "a secret of our own",
      credentials("env:WEBHOOK_SECRET"),
      ["credentials.0.git.password: WEBHOOK_SECRET is HMS-SYS's own and nobody else's"],
    ],
    [
      "two of a name, and no Argo CD",
      "version: 1\nclusters: [{ name: a }, { name: a }]\n",
      [
        "two clusters have the name a",
        "argocd.cluster: there is no cluster in-cluster; with `repositories: []` it can be listed without previews on it",
      ],
    ],
    [
      "labels that let everybody in, and a range that is none",
      "version: 1\nclusters: [{ name: in-cluster, ingress_namespace_labels: {}, forbidden_cidrs: [10.0.0.1/99] }]\n",
      [
        "clusters.0.ingress_namespace_labels: must name a label: without one every namespace is meant",
        "clusters.0.forbidden_cidrs.0: must be a range such as 10.0.0.0/16",
      ],
    ],
    [
      "two ways to a cluster",
      "version: 1\nclusters: [{ name: in-cluster, in_cluster: true, context: x }]\n",
      ["clusters.0: has in_cluster and a context: one of them"],
    ],
    [
      "a Helm repository with a password",
      `${least}helm_repositories: ["https://u:p@charts.acme.dev"]\n`,
      ["helm_repositories.0: must be an https: or oci: address without a user"],
    ],
  ])("%s", (_what, text, problems) => {
    expect(read(text)).toEqual({ problems: problems.map((one) => `HMS_CLUSTERS: ${one}.`) });
  });

  test.each([
    ["rbac.authorization.k8s.io", "RoleBinding"],
    ["argoproj.io", "Application"],
    ["apiextensions.k8s.io", "CustomResourceDefinition"],
    ["", "ResourceQuota"],
    ["networking.k8s.io", "NetworkPolicy"],
  ])("the kind %s/%s", (group, kind) => {
    expect(read(`${least}extra_kinds: [{ group: "${group}", kind: ${kind} }]\n`)).toHaveProperty("problems");
  });

  test("a cluster that nothing leads to, and files without their folder", () => {
    expect(read(example, { given: {} as never, directory: "" })).toEqual({
      problems: ["HMS_CLUSTERS: credentials.0.images.0.password: a file needs HMS_SECRETS_URL=file:DIRECTORY."],
    });
    expect(read(example, { given: {} as never })).toEqual({
      problems: ["HMS_CLUSTERS: the cluster preview-eu needs KUBECONFIG or in_cluster: true."],
    });
  });
});

test("the settings hold them, or their problems beside all others", () => {
  const base = { APP_ID: "1", PRIVATE_KEY: "x", WEBHOOK_SECRET: "w", KUBECONFIG: kubeconfig };
  writeFileSync(path, `${least}more: 1\n`);
  const result = readSettings({ ...base, HMS_CLUSTERS: path, PORT: "x" });
  expect(result).toMatchObject({
    problems: expect.arrayContaining(['HMS_CLUSTERS: the file: Unrecognized key: "more".']),
  });
  expect(readSettings({ KUBECONFIG: kubeconfig, HMS_SECRETS_URL: "file:///run/hms" })).toMatchObject({
    setUp: { clusters: { kubeconfigPath: kubeconfig }, secretsDirectory: "/run/hms" },
  });
});

test("a wrong variable makes no reference to a file wrong", () => {
  writeFileSync(path, example);
  const app = { APP_ID: "1", PRIVATE_KEY: "x" };
  const files = { KUBECONFIG: kubeconfig, HMS_CLUSTERS: path, HMS_SECRETS_URL: "file:/run/hms" };
  const result = readSettings({ ...environment, ...app, ...files, PORT: "x" });
  expect(result).toMatchObject({ problems: [expect.stringMatching(/^PORT /), expect.stringMatching(/^PRIVATE_KEY /)] });
});
