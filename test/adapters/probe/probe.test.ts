import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { createProbe } from "../../../src/adapters/probe/probe.ts";

let server: Server;
let url: string;
const seen: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (request.url === "/silent") return;
    const status = Number(request.url?.split("/").at(-1)) || 200;
    response.writeHead(status, status === 302 ? { location: "/200" } : {}).write("x".repeat(1e6));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const ask = (path: string, status = 200, base = url) =>
  createProbe(createEgress({ allow: [new URL(url).host], timeoutMs: 500 })).ask(base, { path, status });

test("the status that is wanted is the answer, and its body is not read", async () => {
  expect(await ask("/healthz")).toEqual({ ok: true });
  expect(await ask("/app/404", 404)).toEqual({ ok: true });
  expect(await ask("/503")).toEqual({ ok: false, why: `${url}/503 answers 503, not 200.` });
});

test("a redirect is an answer and not followed", async () => {
  seen.length = 0;
  expect(await ask("/302")).toMatchObject({ ok: false });
  expect(await ask("/302", 302)).toEqual({ ok: true });
  expect(seen).toEqual(["GET /302", "GET /302"]);
});

test("the path never changes the host", async () => {
  seen.length = 0;
  expect(await ask("//evil.dev/x")).toEqual({ ok: true });
  expect(await ask("@evil.dev/x", 200, `${url}/app/`)).toEqual({ ok: true });
  expect(seen).toEqual(["GET /evil.dev/x", "GET /app/@evil.dev/x"]);
});

test.each([
  ["http://169.254.169.254", "only https, unless HMS_EGRESS_ALLOW names the host"],
  ["https://10.0.0.1", "not a public address; HMS_EGRESS_ALLOW can allow the host"],
])("%s is not asked", async (base, why) => {
  expect(await ask("/x", 200, base)).toEqual({ ok: false, why: expect.stringContaining(why) });
});

test("who does not answer is not waited for", async () => {
  expect(await ask("/silent")).toEqual({
    ok: false,
    why: expect.stringMatching(/cannot be asked: 127.0.0.1:\d+: no answer\.$/),
  });
  expect(await ask("/x", 200, "not a url")).toEqual({ ok: false, why: "The preview's address is not a URL." });
});
