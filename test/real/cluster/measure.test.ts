import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { residentMb } from "../../bench/child.ts";
import { median } from "../../bench/row.ts";
import { type ApplicationStatus, bareCopyOf, isHealthy, isHealthyAt } from "../../stage/bare-preview.ts";
import { type Bed, connectBed } from "../bed/connect.ts";
import { type ProxiedRequest, type RequestProxy, startRequestProxy } from "./request-proxy.ts";
import { previewYml } from "./scene.ts";
import {
  isGreen,
  namespaceOf,
  newRepository,
  type Opened,
  onCluster,
  openPull,
  push,
  runs,
  type Story,
  setStory,
  until,
} from "./story.ts";

/*
 * Figures of previews on a real Kubernetes with a real Argo CD. They are printed, not judged: what is judged is that all of them became healthy,
 * that nothing is left of them, and that looking at them again writes nothing.
 */

/** How many at once; the figures in docs/performance.md are of 200, which take minutes on two cores. `HMS_MEASURE_ROUTES=1` also tells what is asked for. */
const AT_ONCE = Number(process.env.HMS_MEASURE_PREVIEWS ?? 20);
const PUSHES = 5;
/** Longest that all of them may take, on whatever machine. */
const WITHIN_MS = 120_000 + AT_ONCE * 4_000;

let story: Story;
let proxy: RequestProxy;
let bed: Bed;
let directory: string;
const pulls: Opened[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "hms-measure-"));
  bed = connectBed(inject("bed"));
  const kubeconfig = join(directory, "kubeconfig");
  proxy = await startRequestProxy(bed.hmsKubeconfig, kubeconfig);
  story = await setStory({
    yml: previewYml(`  max_active: ${AT_ONCE}\n`),
    environment: { KUBECONFIG: kubeconfig },
  });
  // As much as GitHub gives the largest organisations in an hour: what counts against it is printed.
  story.stage.github.setRateLimit(story.stage.installationId, { limit: 15_000 });
});
afterAll(async () => {
  await story?.close();
  proxy?.close();
  bed?.api.close();
  rmSync(directory, { recursive: true, force: true });
});

function say(what: string, figure: string): void {
  process.stdout.write(`measured: ${what}: ${figure}\n`);
}

test("pushes, one after the other: how long until green, and how much of it is ours", async () => {
  say("conditions", `load average ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores`);
  const pull = await openPull(story, {}, { repository: await newRepository(story, previewYml()) });
  pulls.push(pull);
  await green(pull);
  const { name: slug } = (await namespaceOf(story, pull)).metadata;
  const floor = await bareCopyOf(bed.api.call, {
    slug,
    sha: pull.sha,
    name: `floor-${slug.slice(-8)}`,
    argocd: bed.argocdNamespace,
  });
  const made = await floor.make();
  const figures: { all: number; toSet: number; argo: number; told: number; floor: number }[] = [];
  for (let i = 0; i < PUSHES; i++) {
    const sha = await push(story, pull, { "deploy/web/version.yaml": version(i) });
    const pushedAtMs = performance.now();
    const from = proxy.requests.length;
    const application = `/apis/argoproj.io/v1alpha1/namespaces/${bed.argocdNamespace}/applications/${slug}-web`;
    const [healthyAtMs, greenAtMs] = await Promise.all([
      isHealthyAt(bed.api.call, application, sha).then(() => performance.now()),
      green(pull).then(() => performance.now()),
    ]);
    const set = proxy.requests
      .slice(from)
      .find(({ method, path }) => method === "PATCH" && path.includes("/applicationsets/"));
    if (!set) throw new Error("the set was not written");
    figures.push({
      all: greenAtMs - pushedAtMs,
      toSet: set.endedAtMs - pushedAtMs,
      argo: healthyAtMs - set.endedAtMs,
      told: greenAtMs - healthyAtMs,
      floor: await floor.moveTo(sha),
    });
  }
  await floor.remove();
  const of = (name: keyof (typeof figures)[number]): string =>
    `${median(figures.map((figure) => figure[name])).toFixed(0)} ms`;
  say(
    "push → green, median",
    `${of("all")} = to the set ${of("toSet")} + Argo CD ${of("argo")} + to hms/preview ${of("told")}`,
  );
  say("floor: the same set moved by a bare client → healthy, median", of("floor"));
  say("floor: the same objects made by a bare client → healthy", `${made.toFixed(0)} ms`);
  for (const figure of figures) say("push", JSON.stringify(figure));
});

test(
  `${AT_ONCE} pull requests at once`,
  async () => {
    const from = mark();
    const startedAtMs = performance.now();
    const opened = await Promise.all(Array.from({ length: AT_ONCE }, () => openPull(story)));
    say("opening them at GitHub's double", seconds(startedAtMs));
    pulls.push(...opened);
    await Promise.all([
      allHealthy(opened).then(() => say(`${AT_ONCE} at once: opened → healthy in the cluster`, seconds(startedAtMs))),
      ...opened.map(green),
    ]);
    say(`${AT_ONCE} at once: opened → all green`, seconds(startedAtMs));
    await told(`made, each of ${AT_ONCE}`, from, AT_ONCE);
  },
  WITHIN_MS + 60_000,
);

test(
  "all of them looked at again, by a process that knows nothing: nothing is written",
  async () => {
    await quiet();
    const from = mark();
    const startedAtMs = performance.now();
    await story.stage.restart("SIGTERM");
    await until(
      async () => (await previewRuns()) >= pulls.length,
      () => `previews were not looked at\n${story.stage.hms.output().slice(-3000)}`,
      WITHIN_MS,
    );
    await quiet();
    say(`${pulls.length} previews found again by a new process`, seconds(startedAtMs));
    say("memory (RSS) of HMS-SYS", `${residentMb(story.stage.hms.pid)?.toFixed(0)} MB`);
    await told(`looked at again, each of ${pulls.length}`, from, pulls.length);
    expect(writes(proxy.requests.slice(from.cluster))).toEqual([]);
  },
  WITHIN_MS + 60_000,
);

test(
  "all closed at once: gone, and an administrator finds nothing of them",
  async () => {
    const from = mark();
    const startedAtMs = performance.now();
    await Promise.all(pulls.map((pull) => story.stage.github.closePull(pull.repository, pull.number)));
    await until(
      async () => (await onCluster(story)).length === 0,
      () => "there is still something",
      WITHIN_MS,
    );
    say(`${pulls.length} closed → nothing left by label`, seconds(startedAtMs));
    await quiet();
    await told(`removed, each of ${pulls.length}`, from, pulls.length);
    expect(await onCluster(story)).toEqual([]);
  },
  WITHIN_MS + 60_000,
);

/** Something that a sync has to do: Argo CD syncs nothing for a commit that changes no manifest. */
function version(of: number): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: version }\ndata: { of: "${of}" }\n`;
}

/** As Argo CD shows them to an administrator, each at its commit. */
async function allHealthy(opened: readonly Opened[]): Promise<void> {
  const wanted = new Set(opened.map(({ sha }) => sha));
  const labelled = `labelSelector=${encodeURIComponent(`hms-sys.dev/app=${story.stage.app.id}`)}`;
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${bed.argocdNamespace}/applications?${labelled}`;
  const missing = async () => {
    const { items } = await bed.api.call<{ items: { status?: ApplicationStatus }[] }>("GET", path);
    const healthy = items.filter(({ status = {} }) => isHealthy(status, status.sync?.revision ?? ""));
    return (
      wanted.size -
      new Set(healthy.map(({ status }) => status?.sync?.revision ?? "").filter((sha) => wanted.has(sha))).size
    );
  };
  await until(
    async () => {
      const none = (await missing()) === 0;
      // A list of hundreds is not cheap for whom it is asked.
      if (!none) await new Promise((resolve) => setTimeout(resolve, 1_000));
      return none;
    },
    () => "not all are healthy in the cluster",
    WITHIN_MS,
  );
}

/** Also where hundreds are awaited: the double's memory is looked at, not its API. */
async function green(pull: Opened): Promise<void> {
  await until(
    () => runs(story.stage, pull.repository, pull.sha, "hms/preview").some(isGreen),
    () => `pull request ${pull.number} is not green\n${story.stage.hms.output().slice(-3000)}`,
    WITHIN_MS,
  );
}

interface Mark {
  cluster: number;
  gitHub: number;
  runs: number;
}

function mark(): Mark {
  return {
    cluster: proxy.requests.length,
    gitHub: story.stage.github.requests.list().length,
    runs: reconciled("preview").length,
  };
}

/** How much was asked of both sides since then, by pull request. */
async function told(what: string, from: Mark, count: number): Promise<void> {
  const asked = proxy.requests.slice(from.cluster).filter(({ isWatch }) => !isWatch);
  const calls = story.stage.github.requests
    .list()
    .slice(from.gitHub)
    .filter(({ installationId }) => installationId !== undefined);
  const points = calls.reduce((sum, { method }) => sum + (method === "GET" ? 1 : 5), 0);
  const per = (value: number): string => (value / count).toFixed(1);
  say(`${what}: requests to the API server`, `${per(asked.length)}, of them writes ${per(writes(asked).length)}`);
  const counting = calls.filter(({ status }) => status !== 304).length;
  say(`${what}: calls to GitHub`, `${per(calls.length)}, of them no 304 ${per(counting)}, points ${per(points)}`);
  say(`${what}: runs of the preview's key`, per(reconciled("preview").length - from.runs));
  if (process.env.HMS_MEASURE_ROUTES) {
    say(
      "API server",
      table(
        asked.map(({ method, path }) => `${method} ${shortened(path)}`),
        count,
      ),
    );
    say(
      "GitHub",
      table(
        calls.map(({ method, path, status }) => `${method} ${shortened(path)} ${status}`),
        count,
      ),
    );
  }
}

function writes(requests: readonly ProxiedRequest[]): string[] {
  return requests
    .filter(({ method, path }) => method !== "GET" && !path.endsWith("reviews"))
    .map(({ method, path }) => `${method} ${path}`);
}

function shortened(path: string): string {
  return path
    .replace(/\?.*$/, (query) => (query.includes("labelSelector") ? "?labels" : ""))
    .replace(/pr-[a-z0-9-]+-\d+-[0-9a-f]{8}/g, "<slug>")
    .replace(/[0-9a-f]{40}/g, "<sha>")
    .replace(/\/\d+/g, "/<n>")
    .replace(/%2Fpr-\d+/g, "/<n>");
}

function table(entries: readonly string[], count: number): string {
  const counts = new Map<string, number>();
  for (const entry of entries) counts.set(entry, (counts.get(entry) ?? 0) + 1);
  const rows = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([entry, n]) => `${(n / count).toFixed(2).padStart(8)} ${entry}`);
  return `\n${rows.join("\n")}`;
}

/** Lines that tell of runs of a kind of key, of the process that runs now. */
function reconciled(kind: string): string[] {
  return story.stage.hms
    .output()
    .split("\n")
    .filter((line) => line.includes('"msg":"reconciled"') && line.includes(`"key":"${kind}/`));
}

async function previewRuns(): Promise<number> {
  return new Set(reconciled("preview").map((line) => /"key":"([^"]+)"/.exec(line)?.[1])).size;
}

/** Until neither side was asked anything for a second, watches apart. */
async function quiet(): Promise<void> {
  let seen = -1;
  await until(
    async () => {
      const now = proxy.requests.length + story.stage.github.requests.counts().all;
      const same = now === seen;
      seen = now;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return same;
    },
    () => "it does not become quiet",
    WITHIN_MS,
  );
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}
