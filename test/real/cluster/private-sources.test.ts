import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import type { RepositoryHandle } from "../../doubles/github/github.ts";
import { previewYml, webManifests } from "./scene.ts";
import {
  gone,
  isGreen,
  isRed,
  namespaceOf,
  type Opened,
  onCluster,
  openPull,
  preview,
  type Story,
  setStory,
  within,
  words,
} from "./story.ts";

/*
 * A repository that nobody may clone without a token: a real Argo CD reads it with the credential that the operator gave for it, for that preview's
 * project alone. A fork's preview has none of it.
 */

let story: Story;
let vault: RepositoryHandle;
const directory = mkdtempSync(join(tmpdir(), "hms-private-"));

beforeAll(async () => {
  const clusters = join(directory, "clusters.yml");
  const { clusterName } = inject("bed");
  writeFileSync(
    clusters,
    `version: 1
argocd: { cluster: ${clusterName}, namespace: argocd }
clusters: [{ name: ${clusterName}, context: bed }]
credentials:
  - repositories: [acme/vault]
    git: { username: file:reader, password: file:token }
    images: [{ registry: ghcr.io, username: file:reader, password: file:pulls }]
`,
  );
  writeFileSync(join(directory, "reader"), "reader\n");
  story = await setStory({ environment: { HMS_CLUSTERS: clusters, HMS_SECRETS_URL: `file:${directory}` } });
  const { github } = story.stage;
  vault = await github.createRepository("acme", "vault", {
    private: true,
    files: { ".github/hms.yml": previewYml(), ...webManifests() },
  });
  const reader = github.createUser("reader");
  for (const [login, role] of [
    ["ada", "write"],
    ["linus", "admin"],
    ["reader", "read"],
    ["mallory", "read"],
  ] as const)
    github.setCollaborator(vault, login, role);
  writeFileSync(join(directory, "token"), `${reader.token}\n`);
});
afterAll(async () => {
  await story?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Secrets beside Argo CD that are of previews of ours, as an administrator reads them. */
async function repositorySecrets(): Promise<(KubeObject & { data: Record<string, string> })[]> {
  const { bed, stage } = story;
  const selector = encodeURIComponent(`hms-sys.dev/app=${stage.app.id}`);
  const path = `/api/v1/namespaces/${bed.argocdNamespace}/secrets?labelSelector=${selector}`;
  return (await bed.api.call<{ items: (KubeObject & { data: Record<string, string> })[] }>("GET", path)).items;
}

const text = (base64 = "") => Buffer.from(base64, "base64").toString();

test("a credential that is not there yet is told by its name alone, and nothing is made", async () => {
  const pull = await openPull(story, {}, { repository: vault });
  const run = await preview(story, pull, (one) => words(one).includes("pulls"));
  expect(run.conclusion).not.toBe("success");
  expect(words(run)).not.toContain(directory);
  expect(await onCluster(story, pull)).toEqual([]);
  writeFileSync(join(directory, "pulls"), "what only pulls\n");
  story.stage.github.comment(vault, pull.number, { author: "ada", body: "/hms retry" });
  await preview(story, pull, isGreen);
  await story.stage.github.closePull(vault, pull.number);
  await gone(story, pull);
});

test("it is read with the operator's credential, scoped to the preview's project; images are pulled with theirs", async () => {
  const pull = await openPull(story, {}, { repository: vault });
  await preview(story, pull, isGreen);
  const slug = String((await namespaceOf(story, pull)).metadata.name);
  const secrets = await repositorySecrets();
  expect(secrets.map(({ metadata }) => metadata.name)).toEqual([`${slug}-repo`]);
  expect(text(secrets[0]?.data.project)).toBe(slug);
  expect(text(secrets[0]?.data.username)).toBe("reader");
  const pulled = await within<KubeObject & { data: Record<string, string> }>(story, pull, "v1 secrets/hms-pull");
  expect(JSON.parse(text(pulled.data[".dockerconfigjson"])).auths["ghcr.io"]).toMatchObject({ username: "reader" });
  const token = text(secrets[0]?.data.password);
  expect(token).toMatch(/^ghp_/);
  expect(story.stage.hms.output()).not.toContain(token);
  await story.stage.github.closePull(vault, pull.number);
  await gone(story, pull);
  expect(await repositorySecrets()).toEqual([]);
});

test("a fork's preview has neither: what is private is not read for it, and says so", async () => {
  const { github } = story.stage;
  const fork = await github.fork(vault, "mallory");
  const sha = await github.commit(fork, "offer", {
    files: { "offer.txt": "1\n" },
    author: "mallory",
    message: "Offer",
  });
  const { number } = await github.openPull(vault, { head: "mallory:offer", base: "main", author: "mallory" });
  const pull: Opened = { number, sha, branch: "offer", repository: vault };
  github.comment(vault, number, { author: "linus", body: `/hms ok-to-test ${sha}` });
  const run = await preview(story, pull, isRed);
  expect(words(run)).toContain("a fork's preview gets no credential");
  expect(await repositorySecrets()).toEqual([]);
  await expect(within(story, pull, "v1 secrets/hms-pull")).rejects.toThrow(/404/);
  await github.closePull(vault, number);
  await gone(story, pull);
});

test("a credential that GitHub refuses is told as that, and one that is put right is used without a push", async () => {
  const good = readFileSync(join(directory, "token"), "utf8");
  writeFileSync(join(directory, "token"), "ghp_whatwasrevoked\n");
  const pull = await openPull(story, {}, { repository: vault });
  const refused = await preview(story, pull, isRed);
  expect(words(refused)).toContain("is refused the source with the credential that the operator gave");
  expect(words(refused)).not.toContain("ghp_");
  writeFileSync(join(directory, "token"), good);
  await preview(story, pull, isGreen);
  await story.stage.github.closePull(vault, pull.number);
  await gone(story, pull);
});
