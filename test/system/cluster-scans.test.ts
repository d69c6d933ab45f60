import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ADMIN } from "../doubles/cluster/api/access.ts";
import { at } from "../doubles/cluster/api/fields.ts";
import { SCAN_IMAGE } from "../stage/simulated-cluster.ts";
import { gone, jobOf, scanNamespaces, send } from "./cluster-scans-scene.ts";
import { namespaceOf, type PreviewScene, previewed, says, setPreviewScene } from "./preview-scene.ts";
import { baseOf, sarifOf } from "./scans-scene.ts";
import { checks, concluded, type OpenedPull, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/* Scans that are Jobs, on a cluster that runs no containers: what a Job would report is sent with what its Secret holds. */

const DAST = "hms/scan/dast";
let scene: PreviewScene;

beforeAll(async () => {
  scene = await setPreviewScene();
});
afterAll(() => scene?.close());
// Its Pods stay where they are: one whose image runs would have ended at once.
beforeEach(() => scene.simulated.cluster.image(SCAN_IMAGE, "missing"));

const cluster = () => scene.simulated.cluster;

const saysOf = (pull: OpenedPull, wanted: RegExp, name = DAST) =>
  until(scene.stage, `${name} says ${wanted}`, () => {
    const run = checks(scene.stage, pull.repository, pull.sha, name).at(-1);
    return run && wanted.test(`${run.output.title}\n${run.output.summary}`) ? run : undefined;
  });

const ON_CLUSTER = "scan: { dast: { tool: sarif, runs_on: cluster } }\n";

describe("an attack on the preview from a Job beside it", () => {
  test("its findings block, a second look lets through, and nothing of it stays", async () => {
    const repository = await previewed(scene, ON_CLUSTER);
    const pull = await openPull(scene.stage, repository);
    await says(scene, pull, /healthy/i);
    const job = await jobOf(scene, repository, pull.sha);
    const preview = namespaceOf(scene, pull).metadata.name;
    expect(job.env).toMatchObject({ HMS_KIND: "dast", HMS_TOOL: "sarif", HMS_SHA: pull.sha });
    expect(job.env.HMS_TARGET).toMatch(/^http:\/\/pr-/);
    expect(job.namespace).not.toBe(preview);
    await concluded(scene.stage, pull, "in_progress", DAST);
    const flaw = { rule: "xss", path: "login" };
    expect(await send(job, { sarif: sarifOf([flaw]) })).toEqual({ status: 202, code: "taken" });
    expect(await send(job)).toEqual({ status: 409, code: "scan-reported" });
    await concluded(scene.stage, pull, "failure", DAST);
    await concluded(scene.stage, pull, "failure");
    await gone(scene, repository);
    scene.stage.github.comment(repository, pull.number, { author: "grace", body: "/hms scan dast" });
    const again = await jobOf(scene, repository, pull.sha);
    expect(again.token).not.toBe(job.token);
    expect(await send({ ...again, token: job.token })).toEqual({ status: 401, code: "scan-token" });
    expect(await send(again)).toEqual({ status: 202, code: "taken" });
    await concluded(scene.stage, pull, "success", DAST);
    await concluded(scene.stage, pull, "success");
    await gone(scene, repository);
  });

  test("what it is let do: reach the preview, report, and nothing else", async () => {
    const repository = await previewed(scene, ON_CLUSTER);
    const pull = await openPull(scene.stage, repository);
    const { namespace } = await jobOf(scene, repository, pull.sha);
    const preview = namespaceOf(scene, pull).metadata.name;
    const labels = cluster()
      .objects("namespaces")
      .find(({ metadata }) => metadata.name === namespace)?.metadata.labels;
    expect(labels).toMatchObject({ "hms-sys.dev/role": "dast", "pod-security.kubernetes.io/enforce": "restricted" });
    const policies = cluster().objects("networkpolicies", namespace);
    expect(policies.map(({ metadata, spec }) => [metadata.name, at(spec, "policyTypes")])).toEqual([
      ["hms-default-deny", ["Ingress", "Egress"]],
      ["hms-egress", ["Egress"]],
    ]);
    const egress = at(policies[1], "spec", "egress") as { to: object[] }[];
    expect(egress.slice(1).flatMap(({ to }) => to)).toEqual([
      { ipBlock: { cidr: "127.0.0.1/32" } },
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": preview, "hms-sys.dev/preview": preview } },
      },
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } } },
    ]);
    const [job] = cluster().objects("jobs.batch", namespace);
    expect(at(job, "spec", "backoffLimit")).toBe(0);
    const pod = at(job, "spec", "template", "spec") as Record<string, unknown>;
    expect(pod).toMatchObject({ automountServiceAccountToken: false, restartPolicy: "Never" });
    expect(at(pod, "containers")).toMatchObject([{ image: SCAN_IMAGE }]);
    const account = cluster().objects("serviceaccounts", namespace);
    expect(account).toMatchObject([{ automountServiceAccountToken: false }]);
    await scene.stage.as("ada", "PATCH", `/repos/${repository.fullName}/pulls/${pull.number}`, { state: "closed" });
    await gone(scene, repository);
  });

  test("a push ends it, and its token with it", async () => {
    const repository = await previewed(scene, ON_CLUSTER);
    const pull = await openPull(scene.stage, repository);
    const job = await jobOf(scene, repository, pull.sha);
    const next = await scene.stage.github.commit(repository, pull.branch, {
      files: { "b.txt": "b\n" },
      author: "ada",
      message: "Next",
    });
    const second = await jobOf(scene, repository, next);
    expect(second.namespace).not.toBe(job.namespace);
    await until(scene.stage, "the first is gone", () => scanNamespaces(scene, repository).length === 1 || undefined);
    expect(await send(job)).toEqual({ status: 409, code: "scan-over" });
    expect(await send(job, { env: { HMS_REPORT_URL: second.env.HMS_REPORT_URL ?? "" } })).toMatchObject({
      status: 401,
    });
    expect(await send(second, { env: { HMS_SHA: pull.sha } })).toMatchObject({ status: 403 });
  });

  test("it ends without a report, or fails: not a pass, and the Pod's reason is told", async () => {
    const repository = await previewed(scene, ON_CLUSTER);
    const pull = await openPull(scene.stage, repository);
    const first = await jobOf(scene, repository, pull.sha);
    cluster().image(SCAN_IMAGE, "failing");
    const failed = await saysOf(pull, /Its Job failed/);
    expect(failed.conclusion).not.toBe("success");
    expect(checks(scene.stage, repository, pull.sha).at(-1)?.conclusion).not.toBe("success");
    await gone(scene, repository);
    expect(await send(first)).toEqual({ status: 409, code: "scan-over" });
    cluster().image(SCAN_IMAGE, "run");
    scene.stage.github.comment(repository, pull.number, { author: "grace", body: "/hms scan dast" });
    const silent = await saysOf(pull, /ended without a report/);
    expect(silent.conclusion).not.toBe("success");
  });

  test("somebody removes it: not a pass", async () => {
    const repository = await previewed(scene, ON_CLUSTER);
    const pull = await openPull(scene.stage, repository);
    const { namespace } = await jobOf(scene, repository, pull.sha);
    cluster().as(ADMIN).call("DELETE", `/api/v1/namespaces/${namespace}`);
    const run = await saysOf(pull, /Job/);
    expect(run.conclusion).not.toBe("success");
  });

  test("another Job in its place is not the one that was started", async () => {
    const repository = await previewed(scene, ON_CLUSTER);
    const pull = await openPull(scene.stage, repository);
    const job = await jobOf(scene, repository, pull.sha);
    await saysOf(pull, /waits for a runner/);
    const [made] = cluster().objects("jobs.batch", job.namespace);
    const { name, namespace, labels } = made?.metadata ?? { name: "" };
    cluster().as(ADMIN).call("DELETE", `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`);
    await until(scene.stage, "it is gone", () => cluster().objects("jobs.batch", job.namespace).length === 0);
    cluster().install({ apiVersion: "batch/v1", kind: "Job", metadata: { name, namespace, labels }, spec: made?.spec });
    expect(await send(job)).toEqual({ status: 409, code: "scan-over" });
    await gone(scene, repository);
  });

  test("HMS-SYS is killed with a Job under way, and its report is taken all the same", async () => {
    const repository = await previewed(scene, ON_CLUSTER);
    const pull = await openPull(scene.stage, repository);
    const job = await jobOf(scene, repository, pull.sha);
    await concluded(scene.stage, pull, "in_progress", DAST);
    await scene.stage.restart();
    const url = new URL(job.env.HMS_REPORT_URL ?? "");
    const sent = await until(scene.stage, "the report is taken", async () => {
      const answer = await send(job, { env: { HMS_REPORT_URL: `${scene.stage.hms.url}${url.pathname}` } });
      return answer.status === 503 ? undefined : answer;
    });
    expect(sent).toEqual({ status: 202, code: "taken" });
    await concluded(scene.stage, pull, "success", DAST);
    await gone(scene, repository);
  });
});

test("a cluster that falls silent is no pass, and no reason to give up", async () => {
  const repository = await previewed(scene, ON_CLUSTER);
  const pull = await openPull(scene.stage, repository);
  const job = await jobOf(scene, repository, pull.sha);
  const back = cluster().outage({ kind: "refuse" });
  expect((await send(job)).status).toBe(503);
  const away = await saysOf(pull, /cluster does not say/);
  expect([away.status, away.conclusion]).toEqual(["in_progress", null]);
  back();
  await saysOf(pull, /waits for a runner\. (?!The cluster does not say)/);
  expect((await send(job)).status).toBe(202);
  await concluded(scene.stage, pull, "success", DAST);
  await gone(scene, repository);
});

test("what nobody remembers is removed, and what is another App's stays", async () => {
  const repository = await previewed(scene);
  const pull = await openPull(scene.stage, repository);
  const namespaceFor = (id: string, app: number) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: `hms-scan-${id}`,
      labels: {
        "app.kubernetes.io/managed-by": "hms-sys",
        "hms-sys.dev/app": String(app),
        "hms-sys.dev/installation": String(scene.stage.installationId),
        "hms-sys.dev/repository": String(repository.id),
        "hms-sys.dev/commit": pull.sha,
        "hms-sys.dev/scan": `hms-scan-${id}`,
      },
    },
  });
  const [ours, theirs] = ["a".repeat(32), "b".repeat(32)] as const;
  cluster().install(namespaceFor(ours, scene.stage.app.id));
  cluster().install(namespaceFor(theirs, scene.stage.app.id + 1));
  await scene.stage.restart();
  await until(scene.stage, "ours is gone", () => !scanNamespaces(scene, repository).includes(`hms-scan-${ours}`));
  expect(scanNamespaces(scene, repository)).toEqual([`hms-scan-${theirs}`]);
});

test("an image is looked into, and its base's too, from where no preview lets it in", async () => {
  const repository = await previewed(
    scene,
    'scan: { image: { tool: sarif, runs_on: cluster, image: "ghcr.io/acme/web:{{head_sha}}" } }\n',
  );
  const pull = await openPull(scene.stage, repository);
  const base = await baseOf(scene.stage, repository);
  const head = await jobOf(scene, repository, pull.sha);
  expect(head.env.HMS_TARGET).toBe(`ghcr.io/acme/web:${pull.sha}`);
  const labels = cluster()
    .objects("namespaces")
    .find(({ metadata }) => metadata.name === head.namespace)?.metadata.labels;
  expect(labels?.["hms-sys.dev/role"]).toBeUndefined();
  expect(await send(head)).toMatchObject({ status: 202 });
  expect(await send(await jobOf(scene, repository, base))).toMatchObject({ status: 202 });
  await concluded(scene.stage, pull, "success", "hms/scan/image");
  await gone(scene, repository);
});
