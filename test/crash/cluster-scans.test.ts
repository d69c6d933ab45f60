import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { SCAN_IMAGE } from "../stage/simulated-cluster.ts";
import { gone, jobsOf, scanNamespaces, send } from "../system/cluster-scans-scene.ts";
import { type PreviewScene, setPreviewScene } from "../system/preview-scene.ts";
import { sarifOf } from "../system/scans-scene.ts";
import { checks, concluded, newRepository, type OpenedPull, openPull, until } from "../system/scene.ts";
import { type CrashPoint, dieAndRestart } from "./crash-stage.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** The process is killed by its id at every write of a scan's start on a cluster, and of its end. */

let scene: PreviewScene;

beforeAll(async () => {
  scene = await setPreviewScene();
  // Its Pods stay where they are: one whose image runs would have ended at once.
  scene.simulated.cluster.image(SCAN_IMAGE, "missing");
});
afterAll(() => scene?.close());

const SCAN = 'scan: { image: { tool: sarif, runs_on: cluster, image: "ghcr.io/acme/web:{{head_sha}}" } }';
const IMAGE = "hms/scan/image";

function scanned(): Promise<RepositoryHandle> {
  return newRepository(scene.stage, { ".github/hms.yml": `version: 1\n${SCAN}\n` });
}

/** Kills the process when the cluster hears of such a request, before it does what is asked or before it answers, and starts it again. */
async function killedAt(
  request: RegExp,
  when: "before" | "after",
  act: () => Promise<OpenedPull>,
): Promise<OpenedPull> {
  const { stage, simulated } = scene;
  const { pid, exited } = stage.hms;
  class Deadly extends RegExp {
    override test(text: string): boolean {
      const matches = super.test(text);
      if (matches) process.kill(pid, "SIGKILL");
      return matches;
    }
  }
  const over = simulated.cluster.outage({ kind: when === "before" ? "cut" : "lost-answers" }, new Deadly(request));
  const pull = await act();
  expect(await exited).toBe("SIGKILL");
  over();
  await stage.restart("SIGKILL");
  return pull;
}

/** Each commit has one Job, whose report counts; nothing is green before; nothing stays. */
async function comesToItsEnd(pull: OpenedPull): Promise<void> {
  const { stage } = scene;
  const { repository } = pull;
  const jobs = await until(stage, "one Job for the head and one for its base, and nothing besides", () => {
    const found = jobsOf(scene, repository);
    const shas = new Set(found.map(({ sha }) => sha));
    return shas.size === 2 && found.length === 2 && scanNamespaces(scene, repository).length === 2 ? found : undefined;
  });
  for (const name of [IMAGE, "hms/gate"])
    expect(checks(stage, repository, pull.sha, name).map(({ conclusion }) => conclusion)).not.toContain("success");
  for (const job of jobs)
    await until(stage, "the report is taken", async () => {
      const answer = await send(job);
      expect([202, 503]).toContain(answer.status);
      return answer.status === 202;
    });
  await concluded(stage, pull, "success", IMAGE);
  await concluded(stage, pull, "success");
  await gone(scene, repository);
}

const NAMESPACE = "/namespaces/hms-scan-[0-9a-f]{32}";
const WRITES: [what: string, request: string, when?: "after"][] = [
  ["namespace", `PATCH .*${NAMESPACE}$`],
  ["rights in it", `PATCH .*${NAMESPACE}/rolebindings/`],
  ["service account", `PATCH .*${NAMESPACE}/serviceaccounts/`, "after"],
  ["quota", `PATCH .*${NAMESPACE}/resourcequotas/`, "after"],
  ["first network policy", `PATCH .*${NAMESPACE}/networkpolicies/hms-default-deny`, "after"],
  ["second network policy", `PATCH .*${NAMESPACE}/networkpolicies/hms-egress`, "after"],
  ["secret", `PATCH .*${NAMESPACE}/secrets/`],
  ["job", `PATCH .*${NAMESPACE}/jobs/`],
];

test.each(
  WRITES.flatMap(([what, request, only]) =>
    (["before", "after"] as const).filter((when) => (only ?? when) === when).map((when) => ({ what, when, request })),
  ),
)(
  "killed $when the cluster has made the $what: one Job for each commit, whose report counts",
  async ({ when, request }) => {
    const repository = await scanned();
    const pull = await killedAt(new RegExp(request), when, () => openPull(scene.stage, repository));
    await comesToItsEnd(pull);
  },
);

test.each<[string, Omit<CrashPoint, "on">, string]>([
  ["after it is written down that a Job is about to be made", { at: "records.compareAndSwap after" }, '"starting"'],
  ["before its Job is written down", { at: "records.compareAndSwap before" }, '"queued"'],
  ["after its Job is written down", { at: "records.compareAndSwap after" }, '"queued"'],
])("killed %s: one Job for each commit, whose report counts", async (_, point, on) => {
  const repository = await scanned();
  let pull: OpenedPull | undefined;
  await dieAndRestart(scene.stage, { ...point, on }, async () => {
    pull = await openPull(scene.stage, repository);
  });
  if (pull) await comesToItsEnd(pull);
});

test.each(["before", "after"] as const)(
  "killed %s the cluster takes the end of a namespace: what it reported counts, nothing stays",
  async (when) => {
    const repository = await scanned();
    const flaw = [{ rule: "planted", path: "a.txt" }];
    let head = "";
    const reportAll = async () => {
      for (const job of jobsOf(scene, repository))
        await send(job, { sarif: sarifOf(job.sha === head ? flaw : []) }).catch(() => "the process died of it");
    };
    const pull = await killedAt(new RegExp(`DELETE .*${NAMESPACE}$`), when, async () => {
      const opened = await openPull(scene.stage, repository);
      head = opened.sha;
      await until(scene.stage, "both Jobs are there", () => jobsOf(scene, repository).length === 2);
      await reportAll();
      return opened;
    });
    await until(scene.stage, "nothing stays", async () => {
      await reportAll();
      return scanNamespaces(scene, repository).length === 0;
    });
    await concluded(scene.stage, pull, "failure", IMAGE);
    await concluded(scene.stage, pull, "failure");
  },
);
