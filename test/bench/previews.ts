import { Agent, request } from "node:http";
import type { PreviewOwner } from "../../src/model/preview.ts";
import { slugOf } from "../../src/preview/preview.ts";
import { type BarePreview, bareCopyOf, type CallApi } from "../stage/bare-preview.ts";
import { type Child, residentMb, startChild } from "./child.ts";
import { median, ms, type Row } from "./row.ts";

/** Where previews are made: a cluster in memory, and where to clone `acme/shop` from. */
export interface Ground {
  url: string;
  adminToken: string;
  kubeconfig: string;
  /** In place of `https://github.com`. */
  repositories: string;
  /** Commits that differ in what they deploy. */
  shas: string[];
}

/** Of pull requests with numbers from `from` on. Each is answered with a report once it has come true. */
export type Command =
  | { do: "move"; from: number; count: number; sha: string }
  | { do: "close"; from: number; count: number }
  | { do: "resync"; count: number }
  | { do: "rest" };

export interface Report {
  /** To the API server, watches and questions about who we are apart. */
  requests: number;
  writes: number;
  /** What GitHub was told. */
  told: number;
  /** Of the keys of previews. */
  runs: number;
  ms: number;
  cpuMs: number;
}

const ALL = 1_000;
const AT_ONCE = 100;
const PUSHES = 11;
/** As many as HMS-SYS has under way to one cluster. */
const FLOOR_CONCURRENCY = 16;
/** Between two looks of one of many. */
const FLOOR_LOOKS_MS = 50;
const PUSH_GOAL = 3;
const AT_ONCE_GOAL = 3;
const MEMORY_GOAL_MB = 300;

/**
 * Previews against a cluster in memory with a simulated Argo CD, which answers at once. The floor is a client that applies the very same objects
 * and waits for the same thing, but decides nothing, remembers nothing and tells nobody.
 */
export async function previews(): Promise<Row[]> {
  const cluster = startChild<number, Ground>("./previews-cluster.ts");
  const child = startChild<Ground | Command, Report>("./previews-child.ts");
  const ask = (command: Command): Promise<Report> => {
    child.send(command);
    return child.next(600_000);
  };
  try {
    cluster.send(PUSHES + 1);
    const ground = await cluster.next();
    child.send(ground);
    await child.next();
    const emptyMb = residentMb(child.pid) ?? 0;
    return [
      ...(await pushes(ground, ask)),
      ...(await atOnce(ground, ask)),
      ...(await many(ground, ask, child, emptyMb)),
    ];
  } finally {
    await child.stop();
    await cluster.stop();
  }
}

type Ask = (command: Command) => Promise<Report>;

/** One preview that moves from commit to commit, in turns with a bare copy of it. */
async function pushes(ground: Ground, ask: Ask): Promise<Row[]> {
  const { shas } = ground;
  await ask({ do: "move", from: 1, count: 1, sha: shas[0] ?? "" });
  const floor = await copyOf(ground, "floor-0", shas[0]);
  await floor.make();
  const figures: { ours: number; floor: number; requests: number }[] = [];
  for (const [i, sha] of shas.slice(1).entries()) {
    const bare = () => floor.moveTo(sha);
    // Who goes first alternates.
    const before = i % 2 === 0 ? await bare() : undefined;
    const { ms: ours, requests } = await ask({ do: "move", from: 1, count: 1, sha });
    figures.push({ ours, requests, floor: before ?? (await bare()) });
    await ask({ do: "rest" });
  }
  await floor.remove();
  const [ours, bare] = [median(figures.map((one) => one.ours)), median(figures.map((one) => one.floor))];
  const ratio = median(figures.map((one) => one.ours / one.floor));
  return [
    {
      bench: "previews",
      what: `push → healthy on a simulated cluster, p50; requests ${median(figures.map((one) => one.requests))}`,
      figure: ms(ours),
      floor: ms(bare),
      ratio,
      goal: `≤ ${PUSH_GOAL} × floor`,
      met: ratio <= PUSH_GOAL,
    },
  ];
}

/** A hundred that are opened at the same time, and closed, in place of a hundred bare copies before them. */
async function atOnce(ground: Ground, ask: Ask): Promise<Row[]> {
  const sha = ground.shas.at(-1) ?? "";
  const copies = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, i) => copyOf(ground, `floor-${i + 1}`, sha, FLOOR_LOOKS_MS)),
  );
  const startedAtMs = performance.now();
  await limited(copies, (copy) => copy.make());
  const floorMs = performance.now() - startedAtMs;
  await limited(copies, (copy) => copy.remove());
  const made = await ask({ do: "move", from: 2, count: AT_ONCE, sha });
  await ask({ do: "rest" });
  const gone = await ask({ do: "close", from: 2, count: AT_ONCE });
  const per = (value: number): string => (value / AT_ONCE).toFixed(1);
  return [
    {
      bench: "previews",
      what: `${AT_ONCE} opened at once → all healthy; each ${per(made.requests)} requests, ${per(made.runs)} runs, ${per(made.cpuMs)} ms CPU`,
      figure: ms(made.ms),
      floor: ms(floorMs),
      ratio: made.ms / floorMs,
      goal: `≤ ${AT_ONCE_GOAL} × floor`,
      met: made.ms / floorMs <= AT_ONCE_GOAL,
    },
    {
      bench: "previews",
      what: `${AT_ONCE} closed at once → gone; each ${per(gone.requests)} requests, ${per(gone.runs)} runs, ${per(gone.cpuMs)} ms CPU`,
      figure: ms(gone.ms),
    },
  ];
}

/** A thousand that are there: what it costs that nothing changes, and what is remembered of them. */
async function many(ground: Ground, ask: Ask, child: Child<never, Report>, emptyMb: number): Promise<Row[]> {
  const sha = ground.shas.at(-1) ?? "";
  for (let from = 1001; from < 1000 + ALL; from += AT_ONCE) {
    await ask({ do: "move", from, count: Math.min(AT_ONCE, 1000 + ALL - from), sha });
  }
  await ask({ do: "rest" });
  const resync = await ask({ do: "resync", count: ALL });
  const rest = await ask({ do: "rest" });
  const memory = residentMb(child.pid) ?? 0;
  const writes = resync.writes + rest.writes;
  const told = resync.told + rest.told;
  return [
    {
      bench: "previews",
      what: `${ALL} previews, unchanged, looked at again: writes to the cluster + to GitHub; ${resync.requests} requests`,
      figure: `${writes} + ${told}`,
      goal: "0 + 0",
      met: writes + told === 0,
    },
    {
      bench: "previews",
      what: `one such resync; each ${(resync.cpuMs / ALL).toFixed(1)} ms CPU`,
      figure: `${Math.round(resync.ms)} ms`,
    },
    {
      bench: "previews",
      what: `memory (RSS) with ${ALL} previews; ${Math.round(emptyMb)} MB without`,
      figure: `${Math.round(memory)} MB`,
      goal: `< ${MEMORY_GOAL_MB} MB`,
      met: memory < MEMORY_GOAL_MB,
    },
  ];
}

const OWNER: PreviewOwner = { appId: 1, installationId: 2, repositoryId: 3, number: 1 };

/** @param sha that the preview is at */
function copyOf({ url, adminToken }: Ground, name: string, sha = "", everyMs?: number): Promise<BarePreview> {
  const slug = slugOf(OWNER, "shop");
  return bareCopyOf(clientOf(url, adminToken), {
    slug,
    sha,
    name,
    argocd: "argocd",
    ...(everyMs === undefined ? {} : { everyMs }),
  });
}

async function limited<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...all];
  const worker = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: FLOOR_CONCURRENCY }, worker));
}

const agent = new Agent({ keepAlive: true });

function clientOf(url: string, token: string): CallApi {
  return (method, path, body, contentType = "application/json") =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = {
        authorization: `Bearer ${token}`,
        ...(text && { "content-type": contentType, "content-length": Buffer.byteLength(text) }),
      };
      const sent = request(`${url}${path}`, { method, headers, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const answer = Buffer.concat(chunks).toString("utf8");
          const { statusCode = 0 } = response;
          if (statusCode >= 400) reject(new Error(`${method} ${path}: ${statusCode} ${answer}`));
          else resolve(JSON.parse(answer));
        });
      });
      sent.on("error", reject);
      sent.end(text);
    });
}
