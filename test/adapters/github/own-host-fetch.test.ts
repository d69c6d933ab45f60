import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ownHostFetch } from "../../../src/adapters/github/own-host-fetch.ts";

let url: string;
let other: string;
/** What came to which of the two hosts. */
let seen: { at: "own" | "other"; method: string; path: string; body: string; authorization: string | undefined }[];
let close: () => void;

beforeEach(async () => {
  seen = [];
  const servers = await Promise.all(
    (["own", "other"] as const).map(async (at) => {
      const server = createServer((request, response) => void answer(at, request, response));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  [url = "", other = ""] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  close = () => {
    for (const server of servers) server.close();
  };
});
afterEach(() => close());

async function answer(at: "own" | "other", request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { method = "", url: path = "", headers } = request;
  seen.push({ at, method, path, body, authorization: headers.authorization });
  const [, status, to] = /^\/(\d+)\/(.*)$/.exec(path) ?? [];
  if (!status) return void response.end("here");
  const location = to === "away" ? `${other}/stolen` : to === "loop" ? path : `/${to}`;
  response.writeHead(Number(status), { location }).end();
}

const call = (path: string, method = "GET") =>
  ownHostFetch(url, 5000)(`${url}${path}`, {
    method,
    headers: { authorization: "token secret" },
    ...(method === "GET" ? {} : { body: "{}" }),
  });

test.each([301, 302, 307, 308])("a read is followed on the API's own host (%i), with its token", async (status) => {
  const response = await call(`/${status}/repositories/1`);
  expect(await response.text()).toBe("here");
  expect(seen.at(-1)).toMatchObject({ path: "/repositories/1", authorization: "token secret" });
});

test.each([307, 308])("a write is followed with its method and body (%i)", async (status) => {
  await call(`/${status}/repositories/1`, "POST");
  expect(seen.at(-1)).toMatchObject({ method: "POST", path: "/repositories/1", body: "{}" });
});

test.each([301, 302])("a write that would become a read is not followed (%i)", async (status) => {
  await expect(call(`/${status}/repositories/1`, "POST")).rejects.toThrow("does not keep its method");
  expect(seen).toHaveLength(1);
});

test.each(["GET", "POST"])("no token goes to another host (%s)", async (method) => {
  await expect(call("/307/away", method)).rejects.toThrow("another host");
  expect(seen.some(({ at }) => at === "other")).toBe(false);
});

test("a circle ends", async () => {
  await expect(call("/301/loop")).rejects.toThrow("again and again");
});
