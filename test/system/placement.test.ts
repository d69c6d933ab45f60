import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import type { ClusterDouble } from "../doubles/cluster/cluster.ts";
import { previewYml, setPreviewStage } from "../real/cluster/scene.ts";
import { type SimulatedCluster, simulateCluster } from "../stage/simulated-cluster.ts";
import type { Stage } from "../stage/stage.ts";

/* Two clusters with one Argo CD: a preview goes where hms.yml and the operator agree, and moves when they agree on another place. */

let hub: ClusterDouble;
let aws: ClusterDouble;
let stage: Stage;
let simulated: SimulatedCluster[] = [];
const directory = mkdtempSync(join(tmpdir(), "hms-placement-"));

beforeAll(async () => {
  const [one, other] = await Promise.all([simulateCluster(), simulateCluster()]);
  simulated = [one, other];
  [hub, aws] = [one.cluster, other.cluster];
  hub.join("aws-eu", aws);
  const kubeconfig = join(directory, "kubeconfig");
  const contexts = { hub, aws };
  writeFileSync(
    kubeconfig,
    stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: Object.entries(contexts).map(([name, { url }]) => ({
        name,
        cluster: { server: url, "insecure-skip-tls-verify": true },
      })),
      users: Object.entries(contexts).map(([name, { tokens }]) => ({ name, user: { token: tokens.hms } })),
      contexts: Object.keys(contexts).map((name) => ({ name, context: { cluster: name, user: name } })),
      "current-context": "hub",
    }),
  );
  const clusters = join(directory, "clusters.yml");
  writeFileSync(
    clusters,
    `version: 1
argocd: { cluster: in-cluster, namespace: argocd }
clusters:
  - { name: in-cluster, context: hub, provider: azure, region: westeurope, cost_per_hour: 0.2 }
  - { name: aws-eu, context: aws, provider: aws, region: eu-west-1, cost_per_hour: 0.4 }
  - { name: secret-lab, context: aws, provider: aws, repositories: [acme/lab] }
`,
  );
  stage = await setPreviewStage(kubeconfig, {
    yml: previewYml("  place: { provider: aws }\n"),
    environment: { HMS_CLUSTERS: clusters },
  });
});
afterAll(async () => {
  await stage?.close();
  await Promise.all(simulated.map((one) => one.close()));
  rmSync(directory, { recursive: true, force: true });
});

let first = "";
const previewsOf = (cluster: ClusterDouble, number: number): string[] =>
  previewsOn(cluster).filter((name) => name.startsWith(`pr-shop-${number}-`));
const previewsOn = (cluster: ClusterDouble): string[] =>
  cluster
    .objects("namespaces")
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith("pr-"));

async function configure(lines: string): Promise<void> {
  await stage.github.commit(stage.repository, "main", {
    files: { ".github/hms.yml": previewYml(lines) },
    message: "Configuration",
    author: "linus",
  });
}

async function opened(branch: string): Promise<{ sha: string; number: number }> {
  const { github, repository } = stage;
  const sha = await github.commit(repository, branch, {
    files: { [`${branch}.txt`]: branch },
    message: branch,
    author: "ada",
    from: "main",
  });
  return { sha, ...(await github.openPull(repository, { head: branch, base: "main", author: "ada" })) };
}

const green = ({ conclusion }: { conclusion: string | null }): boolean => conclusion === "success";

test("constraints lead to the cluster that fits, and the Argo CD of another deploys there", async () => {
  const { sha } = await opened("on-aws");
  first = sha;
  const run = await stage.check(sha, "hms/preview", green, 30_000);
  expect(run.output.text).toContain("aws-eu");
  expect(previewsOn(aws)).toHaveLength(1);
  expect(previewsOn(hub)).toEqual([]);
  expect(hub.objects("applications.argoproj.io")).toHaveLength(1);
});

test("what no cluster is, or may not be used by the repository, is refused with what is possible", async () => {
  await configure("  clusters: [secret-lab]\n");
  const { sha } = await opened("not-allowed");
  const run = await stage.check(sha, "hms/preview", ({ conclusion }) => conclusion === "failure", 30_000);
  const said = `${run.output.title}\n${run.output.summary}\n${run.output.text}`;
  expect(said).toContain("in-cluster");
  expect(said).not.toContain("lab is");
  expect(previewsOn(aws)).toHaveLength(1);
});

test("on two clusters at once it is green when both are; taken down on both", async () => {
  await configure("  clusters: [in-cluster, aws-eu]\n");
  const { sha, number } = await opened("on-both");
  await stage.check(sha, "hms/preview", green, 30_000);
  expect(
    hub
      .objects("applications.argoproj.io")
      .map(({ spec }) => (spec as { destination: { name: string } }).destination.name)
      .sort(),
  ).toEqual(expect.arrayContaining(["aws-eu", "in-cluster"]));
  await stage.github.closePull(stage.repository, number);
  await expect.poll(() => [...previewsOf(hub, number), ...previewsOf(aws, number)], { timeout: 30_000 }).toEqual([]);
});

test("a preview that is to be elsewhere is taken away whole, and made there", async () => {
  await configure("  clusters: [in-cluster]\n");
  await expect.poll(() => previewsOf(aws, 1), { timeout: 30_000 }).toEqual([]);
  await expect.poll(() => previewsOf(hub, 1), { timeout: 30_000 }).toHaveLength(1);
  await stage.check(first, "hms/preview", (run) => green(run) && !(run.output.text ?? "").includes("aws-eu"), 30_000);
});
