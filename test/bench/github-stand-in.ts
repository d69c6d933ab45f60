import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Connection, connection } from "./client.ts";
import { payloadFor, pullRequestTemplate, type Subject, signedRequest } from "./deliveries.ts";

/*
 * A GitHub that costs nearly nothing: fixed answers, one open pull request per event. It sends the deliveries and takes the times, so that
 * both ends are read from one clock. Run as a child process: it sends its port, gets a Start and sends what it Measured.
 */

export interface Start {
  /** Of the process under test. */
  port: number;
  installations: number;
  perSecond: number;
  warmUpS: number;
  /** Of the pull requests, so that two loads have none in common. */
  firstNumber: number;
  seconds: number;
}

export interface Measured {
  /** From a delivery to its gate's request, without {@link Watched.calls}' time. */
  ownMs: number[];
  wallMs: number[];
  /** The parts of `ownMs`, from one call's answer to the next call. */
  steps: { name: string; ownMs: number[] }[];
  /** Events whose gate never came. */
  unanswered: number;
  /** p99 of how late this process's own event loop was. */
  standInDelayMs: number;
  callsPerSecond: number;
}

/** One event under way, and the calls that it caused. */
interface Watched {
  subject: Subject;
  sentAtMs: number;
  gateAtMs?: number;
  calls: { route: string; fromMs: number; toMs: number }[];
}

const CONNECTIONS = 32;
/** How long after the last delivery a gate still counts. */
const LATEST_MS = 5000;
const HMS_YML = Buffer.from("version: 1\ngate:\n  mode: enforce\n").toString("base64");
const PATCH = "@@ -0,0 +1,2 @@\n+export const total = 1;\n+export const count = 2;";

const template = await pullRequestTemplate();
/** By what a call may name: `owner/number`, the SHA, or only the owner, whose newest event it then is (installations have one repository each). */
const current = new Map<string, Watched>();
let lastId = 1;

const server = createServer((request, response) => {
  const fromMs = performance.now();
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => answer(request, response, Buffer.concat(chunks).toString(), fromMs));
});
server.keepAliveTimeout = 60_000;

function answer(request: IncomingMessage, response: ServerResponse, body: string, fromMs: number): void {
  const path = (request.url ?? "").replace(/\?.*$/, "");
  const [, root, owner = "", repository = "", ...rest] = path.split("/");
  const posted =
    request.method === "POST" && path.endsWith("/check-runs") ? (JSON.parse(body) as { head_sha: string }) : undefined;
  const sha = posted?.head_sha ?? rest.find((part) => part.length === 40) ?? "";
  const found = current.get(sha) ?? current.get(`${owner}/${rest[1]}`) ?? current.get(owner);
  const watched = root === "repos" ? found : undefined;
  const route = `${request.method} ${rest.map((part) => (/^(\d+|[0-9a-f]{40})$/.test(part) ? "*" : part)).join("/")}`;
  const [status, value] = path.endsWith("/access_tokens")
    ? token(body)
    : path === "/app/installations"
      ? [200, []]
      : watched && repository !== ".github"
        ? aboutPull(route, watched.subject, body)
        : [404, { message: "Not Found" }];
  const name = route === "POST check-runs" ? `POST ${(JSON.parse(body) as { name: string }).name}` : route;
  const text = JSON.stringify(value);
  const etag = `"${createHash("sha1").update(text).digest("hex")}"`;
  const known = status === 200 && request.headers["if-none-match"] === etag;
  response.writeHead(known ? 304 : Number(status), { "content-type": "application/json; charset=utf-8", etag });
  response.end(known ? undefined : text);
  if (!watched) return;
  if (name === "POST hms/gate") watched.gateAtMs ??= fromMs;
  watched.calls.push({ route: name, fromMs, toMs: performance.now() });
}

function token(body: string): [number, unknown] {
  // The organisation has no `.github` repository.
  if (body.includes("repositories")) return [422, { message: "There is at least one repository that does not exist" }];
  const expires = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, "Z");
  const permissions = { checks: "write", contents: "read", pull_requests: "read", metadata: "read" };
  return [201, { token: `ghs_${lastId++}`, expires_at: expires, permissions, repository_selection: "selected" }];
}

function aboutPull(route: string, subject: Subject, body: string): [number, unknown] {
  const { number, sha } = subject;
  const { pull_request } = template;
  const pull = { ...pull_request, number, head: { ...pull_request.head, sha } };
  switch (route) {
    case "GET pulls/*":
      return [200, pull];
    case "GET commits/*/pulls":
      return [200, [pull]];
    case "GET contents/.github/hms.yml":
      return [200, { type: "file", encoding: "base64", content: HMS_YML }];
    case "GET commits/*": {
      const file = {
        filename: "src/cart.ts",
        status: "added",
        additions: 2,
        deletions: 0,
        changes: 2,
        patch: PATCH,
        sha,
      };
      return [
        200,
        {
          sha,
          parents: [{ sha: "1".repeat(40) }],
          commit: { message: "Count" },
          author: null,
          committer: null,
          files: [file],
        },
      ];
    }
    case "POST check-runs":
      return [201, { ...(JSON.parse(body) as object), id: lastId++, app: { id: 1 }, output: { annotations_count: 0 } }];
    default:
      return [404, { message: "Not Found" }];
  }
}

async function drive({ port, installations, perSecond, warmUpS, seconds, firstNumber }: Start): Promise<Measured> {
  const count = perSecond * (warmUpS + seconds);
  const events = Array.from({ length: count }, (_, i) => {
    const installationId = 1000 + (i % installations);
    const subject = {
      installationId,
      repositoryId: installationId * 10,
      owner: `org-${installationId}`,
      name: "shop",
      number: firstNumber + i,
      sha: createHash("sha1")
        .update(String(firstNumber + i))
        .digest("hex"),
    };
    return { subject, request: signedRequest(port, "pull_request", payloadFor(template, subject)) };
  });
  const free: Connection[] = await Promise.all(Array.from({ length: CONNECTIONS }, () => connection(port)));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const watched: Watched[] = [];
  const started = performance.now();
  for (const [i, { subject, request }] of events.entries()) {
    // By the plan and not after the last one: a slow answer must not slow the load down.
    const waitMs = started + (i * 1000) / perSecond - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (i === warmUpS * perSecond) delay.enable();
    const line = free.shift() ?? (await connection(port));
    const one: Watched = { subject, sentAtMs: performance.now(), calls: [] };
    for (const name of [subject.owner, `${subject.owner}/${subject.number}`, subject.sha]) current.set(name, one);
    watched.push(one);
    void line.exchange(request).then(() => free.push(line));
  }
  await new Promise((resolve) => setTimeout(resolve, LATEST_MS));
  delay.disable();
  for (const line of free) line.close();
  return measure(watched.slice(warmUpS * perSecond), delay.percentile(99) / 1e6, seconds);
}

function measure(watched: Watched[], standInDelayMs: number, seconds: number): Measured {
  const done = watched.filter((one): one is Watched & { gateAtMs: number } => one.gateAtMs !== undefined);
  const steps = new Map<string, number[]>();
  const ownMs: number[] = [];
  for (const { sentAtMs, gateAtMs, calls } of done) {
    let own = 0;
    let at = sentAtMs;
    let last = "delivery";
    for (const { route, fromMs, toMs } of calls.sort((a, b) => a.fromMs - b.fromMs)) {
      if (fromMs > gateAtMs) break;
      // Calls that overlap are one wait.
      const gapMs = Math.max(0, fromMs - at);
      const name = `${last} → ${route}`;
      steps.set(name, [...(steps.get(name) ?? []), gapMs]);
      own += gapMs;
      at = Math.max(at, toMs);
      last = route;
    }
    ownMs.push(own);
  }
  const usual = [...steps].filter(([, values]) => values.length > done.length / 2);
  return {
    ownMs,
    wallMs: done.map(({ sentAtMs, gateAtMs }) => gateAtMs - sentAtMs),
    steps: usual.map(([name, values]) => ({ name, ownMs: values })),
    unanswered: watched.length - done.length,
    standInDelayMs,
    callsPerSecond: watched.reduce((sum, { calls }) => sum + calls.length, 0) / seconds,
  };
}

process.on("message", (start: Start) => {
  drive(start).then(
    (measured) => process.send?.(measured),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
