import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { residentMb, startChild } from "./child.ts";
import type { Row } from "./row.ts";

/** Open pull requests of one repository, as many as its list shows. */
const PULLS = 10_000;
const PER_PAGE = 100;
const MEMORY_GOAL_MB = 300;

export interface Start {
  url: string;
  privateKey: string;
}

export interface Swept {
  /** Keys that the sweep gave to the queue. */
  enqueued: number;
  ms: number;
}

/**
 * Sweeps of an installation with 10,000 open pull requests, against a GitHub that answers at once: what the second one costs, when nothing
 * has changed. The child is the sweep with its real adapter and store; what judging takes is in the other rows.
 */
export async function resync(): Promise<Row[]> {
  let charged = 0;
  let notModified = 0;
  const pages = Array.from({ length: PULLS / PER_PAGE }, (_, page) => JSON.stringify(pageOf(page)));
  const server = createServer((request, response) => {
    const { status, body, link } = answer(request, `http://127.0.0.1:${port()}`, pages);
    const etag = `"${createHash("sha256").update(body).digest("hex")}"`;
    const same = status === 200 && request.headers["if-none-match"] === etag;
    if (same) notModified++;
    else if (request.headers.authorization?.startsWith("token ")) charged++;
    send(response, same ? 304 : status, same ? "" : body, { etag, ...(link ? { link } : {}) });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (): number => (server.address() as AddressInfo).port;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const child = startChild<Start | "sweep", Swept>("./resync-child.ts");
  try {
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    child.send({ url: `http://127.0.0.1:${port()}`, privateKey: pem });
    const first = await child.next();
    const cold = charged;
    const rows: Row[] = [];
    let last: Swept = first;
    for (let i = 0; i < 3; i++) {
      charged = 0;
      notModified = 0;
      child.send("sweep");
      last = await child.next();
    }
    const memory = residentMb(child.pid);
    if (first.enqueued !== PULLS) throw new Error(`the first sweep found ${first.enqueued} of ${PULLS}`);
    rows.push({
      bench: "resync",
      what: `${PULLS} open pull requests, unchanged: calls that count (304s apart; first sweep ${cold})`,
      figure: `${charged} + ${notModified} × 304`,
      goal: "0",
      met: charged === 0 && last.enqueued === 0,
    });
    rows.push({ bench: "resync", what: "one such sweep", figure: `${Math.round(last.ms)} ms` });
    if (memory !== undefined)
      rows.push({
        bench: "resync",
        what: "memory (RSS) after four sweeps",
        figure: `${Math.round(memory)} MB`,
        goal: `< ${MEMORY_GOAL_MB} MB`,
        met: memory < MEMORY_GOAL_MB,
      });
    return rows;
  } finally {
    await child.stop();
    server.close();
  }
}

function answer(
  request: IncomingMessage,
  base: string,
  pages: string[],
): { status: number; body: string; link?: string } {
  const url = new URL(request.url ?? "/", base);
  const installation = { id: 1, account: { login: "acme" }, suspended_at: null, permissions: {} };
  if (url.pathname === "/app") return { status: 200, body: '{"id":1,"slug":"hms","permissions":{}}' };
  if (url.pathname === "/app/installations") return { status: 200, body: JSON.stringify([installation]) };
  if (url.pathname === "/app/installations/1") return { status: 200, body: JSON.stringify(installation) };
  if (url.pathname.endsWith("/access_tokens")) {
    const token = { token: "ghs_x", expires_at: new Date(Date.now() + 3_600_000).toISOString(), permissions: {} };
    return { status: 201, body: JSON.stringify({ ...token, repository_selection: "all" }) };
  }
  if (url.pathname === "/installation/repositories")
    return { status: 200, body: JSON.stringify({ total_count: 1, repositories: [repository()] }) };
  if (url.pathname === "/repos/acme/shop/pulls") {
    const page = Number(url.searchParams.get("page") ?? 1);
    const next = page < pages.length ? `<${base}/repos/acme/shop/pulls?page=${page + 1}>; rel="next"` : undefined;
    return { status: 200, body: pages[page - 1] ?? "[]", ...(next ? { link: next } : {}) };
  }
  return { status: 404, body: '{"message":"Not Found"}' };
}

function send(response: ServerResponse, status: number, body: string, headers: Record<string, string>): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(body);
}

function repository() {
  // About as long as GitHub shows it: each pull request has it twice.
  const links = Object.fromEntries(
    Array.from({ length: 45 }, (_, i) => [`resource_${i}_url`, "https://x/".padEnd(90, "y")]),
  );
  return {
    id: 2,
    name: "shop",
    full_name: "acme/shop",
    owner: { login: "acme", id: 3 },
    default_branch: "main",
    ...links,
  };
}

function pageOf(page: number) {
  return Array.from({ length: PER_PAGE }, (_, i) => {
    const number = page * PER_PAGE + i + 1;
    const sha = createHash("sha1").update(String(number)).digest("hex");
    return {
      number,
      title: `Change ${number}`,
      state: "open",
      draft: false,
      updated_at: "2026-01-01T00:00:00Z",
      user: { login: "ada", id: 4, type: "User" },
      head: { sha, ref: `change-${number}`, repo: repository() },
      base: { sha: "0".repeat(40), ref: "main", repo: repository() },
      labels: [],
      body: "What it does and why. ".repeat(40),
      html_url: `https://github.com/acme/shop/pull/${number}`,
    };
  });
}
