import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { openServerChecker } from "../../../src/adapters/opa/server-checker.ts";
import { EvaluationError } from "../../../src/adapters/opa/wasm-checker.ts";
import { mergeableInput } from "../../policies/inputs.ts";

const yes = { allow: true, deny: [], waiting: [], warn: [] };
const provenance = (revision?: string) => ({ version: "1.22.0", bundles: { acme: revision ? { revision } : {} } });

async function served(listener: RequestListener): Promise<{ url: string; asked(): number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

const says =
  (body: unknown, status = 200) =>
  (_request: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

const failure = async (answer: Promise<unknown>): Promise<string> => {
  const error = await answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EvaluationError);
  return (error as Error).message;
};

test("a decision is bound to the bundle that gave it", async () => {
  let revision = "v1";
  const bodies: string[] = [];
  const server = await served((request, response) => {
    request.on("data", (chunk) => bodies.push(String(chunk)));
    request.on("end", () => says({ result: yes, provenance: provenance(revision) })(request, response));
    expect(request.url).toBe("/prefix/v1/data/hms/decision?provenance=true");
    expect(request.headers.authorization).toBe("Bearer planted-token");
  });
  const checker = openServerChecker({ url: `${server.url}/prefix`, token: "planted-token" });
  expect(checker.revision()).toBeUndefined();
  const first = await checker.evaluate(mergeableInput());
  expect(first).toEqual({ verdict: yes, bundleRevision: expect.stringMatching(/^opa:[0-9a-f]{8}:acme@v1$/) });
  expect(checker.revision()).toBe(first.bundleRevision);
  expect(JSON.parse(bodies.join(""))).toEqual({ input: mergeableInput() });
  revision = "v2";
  expect((await checker.evaluate(mergeableInput())).bundleRevision).toMatch(/acme@v2$/);
});

test.each([
  ["no provenance", {}],
  ["no bundles", { provenance: { version: "1" } }],
  ["a bundle without a revision", { provenance: provenance() }],
  ["one bundle of two without", { provenance: { bundles: { a: { revision: "1" }, b: { revision: "" } } } }],
])("%s: the answer counts, and binds nothing", async (_name, more) => {
  const server = await served(says({ result: yes, ...more }));
  const checker = openServerChecker({ url: server.url, lastRevision: "opa:0:acme@v1" });
  expect((await checker.evaluate(mergeableInput())).bundleRevision).toMatch(/^unversioned:[0-9a-f]{8}$/);
  expect(checker.revision()).toBeUndefined();
});

test("an odd revision is told by its digest", async () => {
  const server = await served(says({ result: yes, provenance: provenance("`|\n<!-- x -->") }));
  const { bundleRevision } = await openServerChecker({ url: server.url }).evaluate(mergeableInput());
  expect(bundleRevision).toMatch(/^opa:[0-9a-f]{8}:sha256:[0-9a-f]{64}$/);
});

test.each<[string, RequestListener, string]>([
  ["HTML", (_, response) => response.writeHead(200).end("<html>"), "not an OPA server's"],
  ["half of an answer", (_, response) => response.end('{"result":{"allow":true'), "not an OPA server's"],
  [
    "fewer bytes than announced",
    (_, response) => response.writeHead(200, { "content-length": 99 }).end("{}"),
    "broke off",
  ],
  ["null", says(null), "not an OPA server's"],
  ["an undefined decision", says({}), "no decision at hms/decision"],
  ["a decision of another shape", says({ result: true }), "shape"],
  ["allow in words", says({ result: { ...yes, allow: "true" } }), "shape"],
  ["a yes with a denial", says({ result: { ...yes, deny: [{}] } }), "shape"],
  ["a yes with status 500", says({ result: yes }, 500), "HTTP 500"],
  ["a yes with status 201", says({ result: yes }, 201), "HTTP 201"],
  ["401", says({ code: "unauthorized" }, 401), "HTTP 401"],
  ["a redirect", (_, response) => response.writeHead(307, { location: "http://127.0.0.1:1/" }).end(), "HTTP 307"],
  ["silence", () => undefined, "time-out"],
  ["one byte a while", drip, "time-out"],
  ["an answer without end", flood, "too large"],
  ["a hang-up", (request) => request.socket.destroy(), "cannot be reached"],
])("%s is undecided", async (_name, listener, words) => {
  const server = await served(listener);
  const checker = openServerChecker({
    url: server.url,
    timeoutMs: words === "too large" ? 10_000 : 300,
    token: "planted",
  });
  const message = await failure(checker.evaluate(mergeableInput()));
  expect(message).toContain(words);
  expect(message).not.toContain("planted");
});

test("what is not HTTP at all is undecided", async () => {
  const server = createTcpServer((socket) => socket.end("\0\0SSH-2.0\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect(await failure(openServerChecker({ url: `http://127.0.0.1:${port}` }).evaluate(mergeableInput()))).toContain(
    "reached",
  );
});

test("one answer that was lost is asked for again", async () => {
  let asked = 0;
  const server = await served((request, response) =>
    says({ result: yes }, asked++ === 0 ? 503 : 200)(request, response),
  );
  expect((await openServerChecker({ url: server.url }).evaluate(mergeableInput())).verdict.allow).toBe(true);
});

test("a server that is away is left alone, then asked once, then trusted again", async () => {
  let away = true;
  const server = await served((request, response) => says({ result: yes }, away ? 503 : 200)(request, response));
  const checker = openServerChecker({ url: server.url, restMs: 400 });
  const messages: string[] = [];
  for (let i = 0; i < 10; i++) messages.push(await failure(checker.evaluate(mergeableInput())));
  expect(messages.at(-1)).toContain("failed 5 times in a row");
  expect(server.asked()).toBe(5);
  away = false;
  await expect.poll(() => checker.evaluate(mergeableInput()).then(() => true, String), { timeout: 5_000 }).toBe(true);
  expect(server.asked()).toBe(6);
});

test("inputs that cannot be judged reach no server", async () => {
  const server = await served(says({ result: yes }));
  const huge = mergeableInput({ pull_request: { changed_files: ["x".repeat(9_000_000)] } });
  expect(await failure(openServerChecker({ url: server.url }).evaluate(huge))).toContain("the limit is");
  expect(server.asked()).toBe(0);
});

function drip(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200).write("{");
  const timer = setInterval(() => response.write(" "), 50);
  response.once("close", () => clearInterval(timer));
}

async function flood(_request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(200);
  response.setMaxListeners(0);
  while (!response.destroyed) {
    if (!response.write(" ".repeat(65_536))) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
}
