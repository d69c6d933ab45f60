import type { LoggedRequest } from "../doubles/github/github.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import type { Row } from "./row.ts";

const FEATURES = ["gate", "secret scan", "configuration", "commands", "token", "other"] as const;
type Feature = (typeof FEATURES)[number];

const HMS_YML = "version: 1\ngate:\n  mode: enforce\n";
const SILENT = "comment that is no command";
const QUIET_MS = 500;
const LONGEST_MS = 20_000;

/** GitHub calls from an event until nothing more is asked, on the request log of the GitHub double. Counts, so the machine does not matter. */
export async function calls(): Promise<Row[]> {
  return [
    ...(await withConfiguration("no hms.yml", {})),
    ...(await withConfiguration("hms.yml", { ".github/hms.yml": HMS_YML })),
  ];
}

async function withConfiguration(label: string, files: Record<string, string>): Promise<Row[]> {
  const stage = await setStage({ files });
  try {
    await opened(stage, "cold", 1);
    // What a team's every further pull request finds: tokens, entity tags and what is believed absent are there.
    const rows: Row[] = [];
    const told = async (what: string, act: () => Promise<unknown>) => {
      stage.github.requests.clear();
      await act();
      await quiet(stage);
      rows.push(...rowsOf(`${what} (${label})`, byFeature(stage, stage.github.requests.list())));
    };
    await told("opened, gate set", () => opened(stage, "warm", 2));
    const number = 2;
    await told("push", async () => {
      const sha = await commit(stage, "warm", "src/b.ts");
      await gateAt(stage, sha);
    });
    await told(SILENT, async () => {
      stage.github.comment(stage.repository, number, { author: "ada", body: "Looks good to me." });
    });
    await told("/hms why", async () => {
      stage.github.comment(stage.repository, number, { author: "ada", body: "/hms why" });
      await stage.github.deliveriesSettled();
    });
    await told("label", () => stage.github.addLabel(stage.repository, number, "urgent", "ada"));
    await told("closed", () => stage.github.closePull(stage.repository, number, "ada"));
    return rows;
  } finally {
    await stage.close();
  }
}

async function opened(stage: Stage, branch: string, expected: number): Promise<void> {
  const sha = await commit(stage, branch, "src/a.ts", "main");
  const pull = await stage.github.openPull(stage.repository, { head: branch, author: "ada", title: branch });
  if (pull.number !== expected) throw new Error(`expected pull request ${expected}, got ${pull.number}`);
  await gateAt(stage, sha);
  await quiet(stage);
}

function commit(stage: Stage, branch: string, path: string, from?: string): Promise<string> {
  const files = { [path]: `export const ${branch} = 1;\n` };
  return stage.github.commit(stage.repository, branch, {
    files,
    author: "ada",
    message: `Add ${path}`,
    ...(from ? { from } : {}),
  });
}

/** Read from the double's memory: a look over REST would be in the log. */
async function gateAt(stage: Stage, sha: string): Promise<void> {
  const deadline = Date.now() + LONGEST_MS;
  while (!stage.github.checkRuns(stage.repository, sha).some((run) => run.name === "hms/gate" && run.conclusion)) {
    if (Date.now() > deadline) throw new Error(`no gate at ${sha}\n${stage.hms.output().slice(-3000)}`);
    await sleep(20);
  }
}

/** Until every delivery was made and no call came for a while. */
async function quiet(stage: Stage): Promise<void> {
  await stage.github.deliveriesSettled();
  const deadline = Date.now() + LONGEST_MS;
  let seen = -1;
  while (stage.github.requests.counts().all !== seen) {
    if (Date.now() > deadline) throw new Error("the process does not stop calling GitHub");
    seen = stage.github.requests.counts().all;
    await sleep(QUIET_MS);
  }
}

interface Count {
  charged: number;
  notModified: number;
  routes: string[];
}

function byFeature(stage: Stage, requests: LoggedRequest[]): Map<Feature, Count> {
  const counts = new Map<Feature, Count>(
    FEATURES.map((feature) => [feature, { charged: 0, notModified: 0, routes: [] }]),
  );
  const created = createdNames(stage, requests);
  for (const request of requests) {
    const count = counts.get(featureOf(stage, request, created));
    if (!count) continue;
    if (request.status === 304) count.notModified++;
    else count.charged++;
    count.routes.push(`${request.method} ${shortPath(request.path)} ${request.status}`);
  }
  return counts;
}

/** The log has no bodies; check runs are numbered in the order of the calls that made them. */
function createdNames(stage: Stage, requests: LoggedRequest[]): string[] {
  const posts = requests.filter(({ method, path }) => method === "POST" && path.endsWith("/check-runs")).length;
  if (posts === 0) return [];
  return allCheckRuns(stage)
    .sort((a, b) => a.id - b.id)
    .slice(-posts)
    .map((run) => run.name);
}

function allCheckRuns(stage: Stage): { id: number; name: string }[] {
  const heads = ["cold", "warm"].flatMap((branch) => stage.github.refSha(stage.repository, branch) ?? []);
  return heads
    .flatMap((sha) => stage.github.checkRuns(stage.repository, sha))
    .map((run) => ({ id: Number(run.id), name: run.name }));
}

function featureOf(stage: Stage, { method, path }: LoggedRequest, created: string[]): Feature {
  if (/\/access_tokens$/.test(path)) return "token";
  if (/\/contents\/\.github(\/|%2F)hms\.yml(\?|$)/i.test(path)) return "configuration";
  if (/\/(issues\/.*(comments|reactions)|collaborators\/)/.test(path)) return "commands";
  if (method === "POST" && path.endsWith("/check-runs")) return checkFeature(created.shift());
  const updated = /\/check-runs\/(\d+)$/.exec(path)?.[1];
  if (updated) return checkFeature(allCheckRuns(stage).find((run) => run.id === Number(updated))?.name);
  if (/\/pulls\/\d+$/.test(path) || /\/commits\/[0-9a-f]{40}\/pulls/.test(path)) return "gate";
  if (/\/(commits\/[0-9a-f]{40}|pulls\/\d+\/commits|git\/blobs\/|compare\/|contents\/)/.test(path))
    return "secret scan";
  return "other";
}

function checkFeature(name: string | undefined): Feature {
  return name?.startsWith("hms/gate")
    ? "gate"
    : name?.startsWith("hms/scan/")
      ? "secret scan"
      : name === "hms/config"
        ? "configuration"
        : "other";
}

function shortPath(path: string): string {
  return path
    .replace(/\?.*$/, "")
    .replace(/^\/repos\/[^/]+\/(shop)?/, (_, shop) => (shop ? "" : "<other repository> "))
    .replace(/[0-9a-f]{40}/g, "<sha>");
}

function rowsOf(what: string, counts: Map<Feature, Count>): Row[] {
  const rows: Row[] = [];
  if ([...counts.values()].every(({ routes }) => routes.length === 0))
    return [{ bench: "calls", what, figure: "0", ...(what.startsWith(SILENT) ? { goal: "0", met: true } : {}) }];
  for (const [feature, { charged, notModified, routes }] of counts) {
    if (routes.length === 0) continue;
    const goal = goalFor(what, feature);
    rows.push({
      bench: "calls",
      what: `${what}: ${feature}${routes.length > 0 ? ` — ${routes.join(", ")}` : ""}`,
      figure: `${charged}${notModified > 0 ? ` + ${notModified} × 304` : ""}`,
      ...(goal === undefined ? {} : { goal: `≤ ${goal}`, met: charged <= goal }),
    });
  }
  return rows;
}

function goalFor(what: string, feature: Feature): number | undefined {
  if (what.startsWith(SILENT)) return 0;
  return what.startsWith("opened") && feature === "gate" ? 3 : undefined;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
