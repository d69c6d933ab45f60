import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";

/*
 * The floor of durable acceptance: bare node:http, the same checks (cap, HMAC over the raw bytes, JSON, object), one row per delivery, one
 * fsync'd commit per event-loop turn. Arguments: path of the database, webhook secret. Sends its port to the parent.
 */

const BODY_MAX_BYTES = 25 * 1024 * 1024;
const [, , path = "", secret = ""] = process.argv;
const database = new DatabaseSync(path);
database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
database.exec("PRAGMA wal_autocheckpoint = 4000");
database.exec("CREATE TABLE deliveries (id TEXT PRIMARY KEY, event TEXT, key TEXT, at REAL) STRICT, WITHOUT ROWID");
const insert = database.prepare("INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, ?)");
const begin = database.prepare("BEGIN IMMEDIATE");
const commit = database.prepare("COMMIT");

let waiting: { values: [string, string, string, number]; done: () => void }[] = [];

function accept(values: [string, string, string, number]): Promise<void> {
  return new Promise((done) => {
    waiting.push({ values, done });
    if (waiting.length === 1) setImmediate(flush);
  });
}

function flush(): void {
  const writes = waiting;
  waiting = [];
  begin.run();
  for (const { values } of writes) insert.run(...values);
  commit.run();
  for (const { done } of writes) done();
}

interface Payload {
  installation?: { id: number };
  repository?: { id: number };
  number?: number;
}

async function statusOf(request: IncomingMessage, chunks: Buffer[], sizeBytes: number): Promise<number> {
  if (sizeBytes > BODY_MAX_BYTES) return 413;
  const body = Buffer.concat(chunks);
  const given = Buffer.from(String(request.headers["x-hub-signature-256"]).slice(7), "hex");
  const expected = createHmac("sha256", secret).update(body).digest();
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 401;
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    return 202;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return 202;
  const { installation, repository, number } = value as Payload;
  const key = `pull/${installation?.id}/${repository?.id}/${number}`;
  await accept([
    String(request.headers["x-github-delivery"]),
    String(request.headers["x-github-event"]),
    key,
    Date.now(),
  ]);
  return 202;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  request.on("data", (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= BODY_MAX_BYTES) chunks.push(chunk);
  });
  request.on("end", async () => {
    const status = await statusOf(request, chunks, sizeBytes);
    response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
    response.end(JSON.stringify({ result: status === 202 ? "accepted" : "refused" }));
  });
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
