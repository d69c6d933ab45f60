import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isInside, isPublic } from "../../../src/adapters/egress/addresses.ts";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { EgressError } from "../../../src/ports/egress.ts";

let server: Server;
let port: number;
const seen: { url: string; host: string; body: string }[] = [];
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    seen.push({ url: request.url ?? "", host: request.headers.host ?? "", body: Buffer.concat(chunks).toString() });
    if (request.url === "/silent") return;
    if (request.url === "/elsewhere") response.writeHead(302, { location: `http://127.0.0.1:${port}/secret` }).end();
    else if (request.url === "/endless") response.writeHead(200).write("x".repeat(1024));
    else response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const post = (url: string, options: Partial<Parameters<typeof createEgress>[0]> = {}) =>
  createEgress({ allow: [], ...options }).post(url, "body", {});

test.each([
  ["8.8.8.8", true],
  ["140.82.121.4", true],
  ["2606:50c0:8000::154", true],
  ["127.0.0.1", false],
  ["10.1.2.3", false],
  ["169.254.169.254", false],
  ["100.64.0.1", false],
  ["172.31.255.255", false],
  ["172.32.0.1", true],
  ["192.168.0.1", false],
  ["0.0.0.0", false],
  ["255.255.255.255", false],
  ["::1", false],
  ["::", false],
  ["::ffff:127.0.0.1", false],
  ["::ffff:10.0.0.1", false],
  ["64:ff9b::a00:1", false],
  ["fd00::1", false],
  ["fe80::1", false],
])("%s is public: %s", (address, expected) => {
  expect(isPublic(address)).toBe(expected);
});

describe("what is refused without being asked", () => {
  test.each([
    ["an address of the own machine", "https://127.0.0.1/x"],
    ["…in another spelling", "https://2130706433/x"],
    ["…in IPv6", "https://[::1]/x"],
    ["…in IPv6 clothes", "https://[::ffff:127.0.0.1]/x"],
    ["a cloud's metadata", "https://169.254.169.254/latest/meta-data"],
    ["no TLS", "http://example.com/x"],
    ["another protocol", "ftp://example.com/x"],
  ])("%s", async (_what, url) => {
    await expect(post(url)).rejects.toThrow(EgressError);
  });

  test("names below localhost, which are this machine, even where the operator's hosts may be private", async () => {
    const inside = () => true;
    await expect(post(`http://preview.localhost:${port}/x`, { inside })).rejects.toThrow("not a public address");
  });

  test("a name with one private address among public ones", async () => {
    const resolve = async () => ["8.8.8.8", "10.0.0.1"];
    await expect(post("https://hooks.example.com/T0/secret", { resolve })).rejects.toThrow(
      "hooks.example.com: not a public address",
    );
  });

  test("a name that cannot be resolved; the message does not hold the URL, which is a secret", async () => {
    const resolve = async () => {
      throw new Error("ENOTFOUND");
    };
    const error = await post("https://hooks.example.com/T0/secret", { resolve }).catch((reason: Error) => reason);
    expect(String(error)).toContain("hooks.example.com");
    expect(String(error)).not.toContain("secret");
  });
});

describe("a host that the operator allowed", () => {
  const allow = () => ({ allow: [`chat.internal:${port}`], resolve: async () => ["127.0.0.1"] });

  test("is reached at the address that was judged, whatever the name may mean later", async () => {
    let asked = 0;
    const resolve = async () => (++asked === 1 ? ["127.0.0.1"] : ["127.0.0.2"]);
    expect(await post(`http://chat.internal:${port}/hook`, { ...allow(), resolve })).toEqual({ status: 204 });
    expect([asked, seen.at(-1)]).toEqual([1, { url: "/hook", host: `chat.internal:${port}`, body: "body" }]);
  });

  test("below localhost is this machine, whatever the resolver says of it", async () => {
    const host = `preview.localhost:${port}`;
    expect(await post(`http://${host}/hook`, { allow: [host] })).toEqual({ status: 204 });
    expect(seen.at(-1)).toEqual({ url: "/hook", host, body: "body" });
  });

  test("at another port is another host", async () => {
    await expect(post(`http://chat.internal:${port + 1}/hook`, allow())).rejects.toThrow("only https");
  });

  test("that sends elsewhere is not followed", async () => {
    expect(await post(`http://chat.internal:${port}/elsewhere`, allow())).toEqual({ status: 302 });
    expect(seen.map(({ url }) => url)).not.toContain("/secret");
  });

  test("that says nothing, or goes on and on", async () => {
    await expect(post(`http://chat.internal:${port}/silent`, { ...allow(), timeoutMs: 100 })).rejects.toThrow(
      "no answer",
    );
    expect(await post(`http://chat.internal:${port}/endless`, allow())).toEqual({ status: 200 });
  });
});

describe("a host of the operator's may lie in a private network, and nowhere else", () => {
  const inside = (host: string) => host.endsWith(".preview.acme.dev");
  const read = (url: string, address: string) =>
    createEgress({ allow: [], inside, resolve: async () => [address], timeoutMs: 50 }).read("GET", url, {});

  test.each([
    ["10.1.2.3", true],
    ["192.168.7.1", true],
    ["fd00::1", true],
    ["::ffff:10.0.0.1", true],
    ["127.0.0.1", false],
    ["169.254.169.254", false],
    ["fd00:ec2::254", false],
    ["100.100.100.200", false],
    ["::ffff:169.254.169.254", false],
    ["fe80::1", false],
    ["0.0.0.0", false],
  ])("%s: %s", (address, expected) => {
    expect(isInside(address)).toBe(expected);
  });

  test.each(["127.0.0.1", "169.254.169.254", "fd00:ec2::254"])("%s is refused all the same", async (address) => {
    await expect(read("https://a.preview.acme.dev/x", address)).rejects.toThrow("not a public address");
  });

  test("a private address of any other host, and no TLS there", async () => {
    await expect(read("https://a.evil.dev/x", "10.0.0.1")).rejects.toThrow("not a public address");
    await expect(read("http://a.evil.dev/x", "8.8.8.8")).rejects.toThrow("only https");
  });
});

describe("what is read", () => {
  const read = (path: string, maxBytes?: number) =>
    createEgress({ allow: [`127.0.0.1:${port}`], timeoutMs: 500 }).read("GET", `http://127.0.0.1:${port}${path}`, {
      ...(maxBytes === undefined ? {} : { maxBytes }),
    });

  test("the status and headers alone, or a body of that size", async () => {
    expect(await read("/endless")).toMatchObject({ status: 200, body: "" });
    expect(await read("/elsewhere", 10)).toMatchObject({
      status: 302,
      headers: { location: expect.any(String) },
      body: "",
    });
    await expect(read("/endless", 1023)).rejects.toThrow("the answer is too long");
    await expect(read("/endless", 1025)).rejects.toThrow("no answer");
  });

  test("a resolver that never answers is not waited for", async () => {
    const never = createEgress({ allow: [], timeoutMs: 20, resolve: () => new Promise(() => undefined) });
    await expect(never.read("HEAD", "https://example.com", {})).rejects.toThrow("cannot be resolved");
  });
});
