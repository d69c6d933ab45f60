import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { podSpec } from "./preview-fixture.ts";
import { EVIL, type PullAttack, pullAttacks } from "./pull-attacks.ts";
import { previewYml } from "./scene.ts";
import {
  gone,
  isGreen,
  isRed,
  namespaceOf,
  type Opened,
  onCluster,
  openPull,
  preview,
  push,
  runs,
  type Story,
  setStory,
  until,
  within,
  words,
} from "./story.ts";

/*
 * Pull requests whose manifests want out of their preview, or to outlive it. All of them at once, in one repository, beside one of good will. Whatever
 * address they have answers 200: nothing but the attack itself stands between them and green.
 */
const MOST = 30;
let story: Story;
let server: Server;
let victim: Opened;
let victimsBefore: string[];
let attacks: { attack: PullAttack; pull: Opened }[];
let strange: Opened;
/** Hooks that never end: one that a push replaces, one that is closed upon, and a sync that is closed upon while it is tried again and again. */
let hanging: Opened;
let hung: Opened;
let retrying: Opened;

const hangs = {
  "deploy/web/hook.yaml": JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "hang", annotations: { "argocd.argoproj.io/hook": "PreSync" } },
    // KWOK ends the Pods of Jobs at once; this one runs until somebody ends it.
    spec: podSpec({ restartPolicy: "Never" }),
  }),
};
const refused = {
  "deploy/web/attack.yaml": JSON.stringify({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: EVIL },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  }),
};

beforeAll(async () => {
  server = createServer((_request, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const hosts = Array.from({ length: MOST }, (_, at) => `pr-${at + 1}.localhost:${port}`);
  story = await setStory({
    yml: previewYml(`  url: "http://pr-{{number}}.localhost:${port}"\n  required: true\n  max_active: ${MOST}\n`),
    environment: { HMS_EGRESS_ALLOW: hosts.join(",") },
  });
  victim = await openPull(story);
  await preview(story, victim, isGreen);
  const { metadata } = await namespaceOf(story, victim);
  victimsBefore = await everythingIn(metadata.name);
  const target = { namespace: metadata.name, host: `pr-${victim.number}.localhost` };
  [hanging, hung] = [await openPull(story, hangs), await openPull(story, hangs)];
  attacks = [];
  for (const attack of pullAttacks(target)) attacks.push({ attack, pull: await openPull(story, attack.files) });
  strange = await openStrange();
  retrying = await openPull(story, refused);
});
afterAll(async () => {
  await story?.close();
  server?.close();
});

test("a hook that never ends: the next push is not kept waiting", async () => {
  for (const pull of [hanging, hung]) {
    await until(
      async () => (await phaseOf(pull)) === "Running" && (await hookOf(pull)) === "Running",
      () => "no hook runs",
    );
    await preview(story, pull, ({ conclusion }) => conclusion === null);
  }
  await push(story, hanging, { "deploy/web/hook.yaml": null });
  await preview(story, hanging, isGreen);
});

test("no attack gets what it wants: it is said in one line what is refused, and the gate is not green", async () => {
  for (const { attack, pull } of attacks) {
    const { name, later, says } = attack;
    if (later) {
      await preview(story, pull, isGreen);
      await push(story, pull, later);
    }
    if (says === "green") {
      await preview(story, pull, isGreen);
      continue;
    }
    const saysAll = (shown: string[]) =>
      says.every(([where, why]) => shown.some((line) => line.includes(where) && why.test(line)));
    const run = await preview(story, pull, (one) => isRed(one) && saysAll(linesOf(words(one))));
    expect(run, name).toMatchObject({ conclusion: "failure" });
    const judged = await preview(story, pull, (one) => words(one).includes("preview"), "hms/gate");
    expect(judged.conclusion, name).not.toBe("success");
    for (const gate of runs(story.stage, pull.repository, pull.sha, "hms/gate"))
      expect(gate.conclusion, name).not.toBe("success");
  }
});

test("nothing of it is on the cluster, and what fences the previews in is as it was", async () => {
  expect(await evilOnes()).toEqual([]);
  for (const { attack, pull } of attacks) {
    const names = await onCluster(story, pull);
    // Whose source is refused has none.
    if (names.length === 0) continue;
    const { metadata } = await namespaceOf(story, pull);
    expect(metadata.labels, attack.name).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
    const quotas = await within<{ items: KubeObject[] }>(story, pull, "v1 resourcequotas");
    expect(
      quotas.items.map((quota) => [quota.metadata.name, (quota.spec as { hard: object }).hard]),
      attack.name,
    ).toEqual([["hms-quota", expect.objectContaining({ pods: "20", "services.loadbalancers": "0" })]]);
    const bindings = await within<{ items: KubeObject[] }>(story, pull, "rbac.authorization.k8s.io/v1 rolebindings");
    expect(bindings.items.map((one) => one.metadata.name).sort(), attack.name).toEqual(["hms-manager", "hms-sync"]);
  }
  expect(await everythingIn((await namespaceOf(story, victim)).metadata.name)).toEqual(victimsBefore);
  expect(runs(story.stage, victim.repository, victim.sha, "hms/preview").at(-1)).toMatchObject({
    conclusion: "success",
  });
});

test("what people call branches, labels and pull requests ends up nowhere", async () => {
  await preview(story, strange, isGreen);
  const { metadata } = await namespaceOf(story, strange);
  expect(metadata.name).toMatch(/^pr-[a-z0-9-]{1,42}$/);
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${story.bed.argocdNamespace}`;
  for (const at of [
    `applicationsets/${metadata.name}`,
    `appprojects/${metadata.name}`,
    `applications/${metadata.name}-web`,
  ])
    expect(JSON.stringify(await story.bed.api.call("GET", `${path}/${at}`))).not.toMatch(/pwned|🚀/u);
});

test("closed: all of them go, whatever held them", async () => {
  await until(
    async () => /^Running/.test((await phaseOf(retrying)) ?? "") || (await phaseOf(retrying)) === "Failed",
    () => "nothing is tried again",
  );
  const all = [...attacks.map(({ pull }) => pull), hanging, hung, strange, retrying];
  await Promise.all(all.map((pull) => story.stage.github.closePull(pull.repository, pull.number)));
  for (const pull of all) await gone(story, pull);
  expect(await evilOnes()).toEqual([]);
  expect(await onCluster(story)).toEqual(await onCluster(story, victim));
  expect(await everythingIn((await namespaceOf(story, victim)).metadata.name)).toEqual(victimsBefore);
  await story.stage.github.closePull(victim.repository, victim.number);
  await gone(story, victim);
});

async function openStrange(): Promise<Opened> {
  const { github, repository } = story.stage;
  const branch = `pwned/$(touch\${IFS}/tmp/pwned);\`id\`{{.pwned}}🚀${"é".repeat(60)}`;
  const sha = await github.commit(repository, branch, {
    files: { "pwned.txt": "$(id)\n" },
    author: "ada",
    message: "{{ .pwned }} $(id) `id` 🚀",
    from: "main",
  });
  const title = `pwned {{ .pwned }} $(id) \`id\` ../../ <script>🚀${"x".repeat(200)}`;
  const { number } = await github.openPull(repository, { head: branch, base: "main", author: "ada", title });
  await github.addLabel(repository, number, "pwned: {{ .pwned }} $(id) 🚀");
  return { number, branch, sha, repository };
}

/** Rows of tables, and all other lines, as people read them. */
function linesOf(markdown: string): string[] {
  return markdown.replace(/\\(?=[^\w\s])|\u200b/g, "").split("\n");
}

async function phaseOf(pull: Opened): Promise<string | undefined> {
  const found = await onCluster(story, pull);
  const [kind, name] = found.find((one) => one.startsWith("Application "))?.split(" ") ?? [];
  if (kind === undefined) return undefined;
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${story.bed.argocdNamespace}/applications/${name}`;
  const { status } = await story.bed.api.call<{ status?: { operationState?: { phase?: string } } }>("GET", path);
  return status?.operationState?.phase;
}

async function hookOf(pull: Opened): Promise<string | undefined> {
  const { items } = await within<{ items: KubeObject[] }>(story, pull, "v1 pods");
  const pod = items.find(({ metadata }) => metadata.name === "hang");
  return (pod?.status as { phase?: string } | undefined)?.phase;
}

const LISTS = [
  ...["configmaps", "secrets", "services", "pods", "serviceaccounts", "resourcequotas", "limitranges"].map(
    (plural) => ["/api/v1", plural] as const,
  ),
  ["/apis/apps/v1", "deployments"],
  ["/apis/batch/v1", "jobs"],
  ["/apis/networking.k8s.io/v1", "ingresses"],
  ["/apis/networking.k8s.io/v1", "networkpolicies"],
  ["/apis/rbac.authorization.k8s.io/v1", "rolebindings"],
  ["/apis/argoproj.io/v1alpha1", "applications"],
  ["/apis/argoproj.io/v1alpha1", "applicationsets"],
  ["/apis/argoproj.io/v1alpha1", "appprojects"],
] as const;
const OF_THE_CLUSTER = [
  ["/api/v1", "namespaces"],
  ["/api/v1", "persistentvolumes"],
  ["/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings"],
] as const;

/** What an administrator sees anywhere of what an attack is about, or of what runs with its rights. */
async function evilOnes(): Promise<string[]> {
  const lists = await Promise.all(
    [...LISTS, ...OF_THE_CLUSTER].map(async ([base, plural]) => {
      const { items } = await story.bed.api.call<{ items: KubeObject[] }>("GET", `${base}/${plural}`);
      return items.map(({ metadata }) => ({ plural, metadata }));
    }),
  );
  return lists
    .flat()
    .filter(
      ({ plural, metadata: { name, labels = {}, finalizers = [] } }) =>
        name.startsWith(EVIL) ||
        (plural === "pods" && labels.app === "privileged") ||
        finalizers.some((one) => one.startsWith(EVIL)),
    )
    .map(({ plural, metadata }) => `${plural} ${metadata.namespace ?? ""}/${metadata.name}`);
}

/** Names of all that is in a namespace. */
async function everythingIn(namespace: string): Promise<string[]> {
  const lists = await Promise.all(
    LISTS.map(async ([base, plural]) => {
      const path = `${base}/namespaces/${namespace}/${plural}`;
      const { items } = await story.bed.api.call<{ items: KubeObject[] }>("GET", path);
      return items.map(({ metadata }) => `${plural} ${metadata.name} ${metadata.uid}`);
    }),
  );
  return lists.flat().sort();
}
