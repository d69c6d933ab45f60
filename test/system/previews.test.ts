import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { setStage } from "../stage/stage.ts";
import {
  answer,
  deployment,
  gone,
  left,
  namespaceOf,
  type PreviewScene,
  previewed,
  push,
  says,
  setPreviewScene,
} from "./preview-scene.ts";
import { answers, checks, concluded, idle, newRepository, openPull, until } from "./scene.ts";

/* Previews from outside, on the cluster in memory: what people see at GitHub and an administrator on the cluster. */

vi.setConfig({ testTimeout: 180_000 });

const BROKEN = deployment().replace("replicas: 2", "replicas: [2");

let scene: PreviewScene;
beforeAll(async () => {
  scene = await setPreviewScene();
});
afterAll(() => scene.close());

describe("a preview", () => {
  test("opened, pushed to and closed: its own namespace, the new commit in the same one, nothing left", async () => {
    const pull = await openPull(scene.stage, await previewed(scene, "  required: true\n"));
    const said = await says(scene, pull, /^success · Healthy/);
    const { uid } = namespaceOf(scene, pull).metadata;
    expect(said).toContain("http://pr-1-of-0.preview.localhost:");
    expect(await answer(scene, pull)).toBe("200 ghcr.io/acme/web:1");
    await concluded(scene.stage, pull, "success");
    await push(scene, pull, { "deploy/web.yaml": deployment("ghcr.io/acme/web:2") });
    await says(scene, pull, /^success · Healthy/);
    expect(await answer(scene, pull)).toBe("200 ghcr.io/acme/web:2");
    expect(namespaceOf(scene, pull).metadata.uid).toBe(uid);
    await concluded(scene.stage, pull, "success");
    expect(left(scene, pull)).toContain("AppProject");
    await scene.stage.github.closePull(pull.repository, pull.number);
    await gone(scene, pull);
    await until(scene.stage, "the comment says so", () => /removed/i.test(answers(scene.stage, pull)[0] ?? ""));
    expect(answers(scene.stage, pull)).toHaveLength(1);
  });

  test("manifests that the cluster refuses: red with the reason, the gate too; a push mends it", async () => {
    const files = { "deploy/web.yaml": BROKEN };
    const pull = await openPull(scene.stage, await previewed(scene, "  required: true\n"), { files });
    expect(await says(scene, pull, /^failure · Failed/)).toMatch(/`web\.yaml`/);
    await concluded(scene.stage, pull, "failure");
    await push(scene, pull, { "deploy/web.yaml": deployment() });
    await says(scene, pull, /^success · Healthy/);
    await concluded(scene.stage, pull, "success");
  });

  test("one that a pull request may not have: refused before Argo CD reads it, by file", async () => {
    const files = { "deploy/kustomization.yaml": "resources: [web.yaml, https://example.com/more]\n" };
    const pull = await openPull(scene.stage, await previewed(scene), { files });
    expect(await says(scene, pull, /^failure · Failed/)).toContain("deploy/kustomization.yaml");
    expect(left(scene, pull)).toEqual([]);
  });

  test("two at a time where hms.yml says one: the second waits in line, and comes when the first goes", async () => {
    const repository = await previewed(scene, "  max_active: 1\n  required: true\n");
    const first = await openPull(scene.stage, repository);
    await says(scene, first, /^success/);
    const second = await openPull(scene.stage, repository);
    await says(scene, second, /^in_progress · Queued: number 1 in line/);
    await concluded(scene.stage, second, "in_progress");
    expect(left(scene, second)).toEqual([]);
    await scene.stage.github.closePull(repository, first.number);
    await says(scene, second, /^success · Healthy/);
    await gone(scene, first);
  });
});

describe("people", () => {
  test("let a fork's commit run, that one and no other", async () => {
    const { github } = scene.stage;
    const repository = await previewed(scene, "  required: true\n");
    const fork = await github.fork(repository, "mallory", `${repository.name}-of-mallory`);
    const commit = (image: string) =>
      github.commit(fork, "offer", {
        files: { "deploy/web.yaml": deployment(image) },
        author: "mallory",
        message: `Offer ${image}`,
      });
    const sha = await commit("ghcr.io/acme/web:3");
    const { number } = await github.openPull(repository, {
      head: "mallory:offer",
      base: "main",
      author: "mallory",
    });
    const pull = { repository, number, branch: "offer", sha };
    await says(scene, pull, new RegExp(`^action_required · .*\\n[^]*/hms ok-to-test ${sha}`));
    await concluded(scene.stage, pull, "action_required");
    github.comment(repository, number, { author: "mallory", body: `/hms ok-to-test ${sha}` });
    await idle(scene.stage);
    expect(left(scene, pull)).toEqual([]);
    github.comment(repository, number, { author: "grace", body: `/hms ok-to-test ${sha}` });
    await says(scene, pull, /^success/);
    expect(await answer(scene, pull)).toBe("200 ghcr.io/acme/web:3");
    pull.sha = await commit("ghcr.io/acme/web:4");
    await says(scene, pull, /^action_required · Waiting/);
    await gone(scene, pull);
  });

  test("put it to sleep and wake it: nothing runs meanwhile, what is stored stays", async () => {
    const { stage, simulated } = scene;
    const pull = await openPull(stage, await previewed(scene));
    await says(scene, pull, /^success/);
    const { uid, name } = namespaceOf(scene, pull).metadata;
    stage.github.comment(pull.repository, pull.number, { author: "ada", body: "/hms preview sleep" });
    await says(scene, pull, /^action_required · Asleep/);
    await until(stage, "no pod runs", () => simulated.cluster.objects("pods", name).length === 0);
    expect(await answer(scene, pull)).toBe("503 ");
    stage.github.comment(pull.repository, pull.number, { author: "ada", body: "/hms preview wake" });
    await says(scene, pull, /^success/);
    await until(stage, "both pods run", () => simulated.cluster.objects("pods", name).length === 2);
    expect(namespaceOf(scene, pull).metadata.uid).toBe(uid);
  });
});

describe("what goes wrong", () => {
  test("the cluster does not answer: nothing is known, nothing green, nothing gone, and all of it heals by itself", async () => {
    const { stage, simulated } = scene;
    const repository = await previewed(scene, "  required: true\n");
    const [pushed, closed] = [await openPull(stage, repository), await openPull(stage, repository)];
    for (const pull of [pushed, closed]) await says(scene, pull, /^success/);
    const heal = simulated.cluster.outage({ kind: "refuse" });
    try {
      await push(scene, pushed, { "deploy/web.yaml": deployment("ghcr.io/acme/web:5") });
      await stage.github.closePull(repository, closed.number);
      // What watches told before stands for a while; then nothing of it does.
      await says(scene, pushed, /^in_progress · (Not known: in-cluster|Being made: The cluster in-cluster)/);
      await concluded(stage, pushed, "in_progress");
      await until(stage, "the comment says so", () => answers(stage, closed)[0]?.includes("Not known at the moment"));
      expect(left(scene, closed)).toContain("Namespace");
    } finally {
      heal();
    }
    await gone(scene, closed);
    await says(scene, pushed, /^success/);
    expect(await answer(scene, pushed)).toBe("200 ghcr.io/acme/web:5");
    await concluded(stage, pushed, "success");
  });

  test("SIGKILL after a push and after the close: the new commit is up, and nothing is left", async () => {
    const { stage } = scene;
    const pull = await openPull(stage, await previewed(scene));
    await says(scene, pull, /^success/);
    await push(scene, pull, { "deploy/web.yaml": deployment("ghcr.io/acme/web:6") });
    await stage.restart("SIGKILL");
    await says(scene, pull, /^success/);
    expect(await answer(scene, pull)).toBe("200 ghcr.io/acme/web:6");
    await stage.github.closePull(pull.repository, pull.number);
    await stage.restart("SIGKILL");
    await gone(scene, pull);
  });
});

test("without a cluster there are no previews: the gate says so in one line where it requires one, and else nobody is bothered", async () => {
  const stage = await setStage();
  try {
    expect(stage.hms.output().match(/"msg":"previews are disabled: [^"]+"/g)).toEqual([
      '"msg":"previews are disabled: neither KUBECONFIG nor HMS_CLUSTERS is set"',
    ]);
    const yml = "version: 1\npreview:\n  components: [{ name: web, path: deploy }]\n";
    const plain = await openPull(stage, await newRepository(stage, { ".github/hms.yml": yml }));
    await concluded(stage, plain, "success");
    await idle(stage);
    expect(checks(stage, plain.repository, plain.sha, "hms/preview")).toEqual([]);
    expect(answers(stage, plain)).toEqual([]);
    const strict = await openPull(stage, await newRepository(stage, { ".github/hms.yml": `${yml}  required: true\n` }));
    await until(stage, "the gate says why", () =>
      checks(stage, strict.repository, strict.sha)
        .at(-1)
        ?.output.summary?.includes("the operator of HMS\\-SYS has declared no cluster"),
    );
    expect(checks(stage, strict.repository, strict.sha).at(-1)?.conclusion).not.toBe("success");
  } finally {
    await stage.close();
  }
});
