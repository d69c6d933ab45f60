import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bundleFrom, type RemoteBundle } from "../../../src/adapters/opa/bundle-source.ts";
import { PolicyBundleError } from "../../../src/adapters/opa/wasm-checker.ts";
import { directory } from "./bundle-policy.ts";

const content = Buffer.from("a bundle");
const sha256 = createHash("sha256").update(content).digest("hex");

async function served(listener: RequestListener): Promise<{ url: string; asked(): number; stop(): void }> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/bundle`, asked: () => asked, stop };
}

const from = (url: string, more: Partial<RemoteBundle> = {}) =>
  bundleFrom({ url, sha256, cacheDir: directory(), ...more });

test("fetched once, then read from the disk, also while the server is away", async () => {
  const cacheDir = join(directory(), "data");
  const server = await served((_request, response) => response.end(content));
  for (let i = 0; i < 2; i++) expect(Buffer.from(await from(server.url, { cacheDir }).read())).toEqual(content);
  expect(server.asked()).toBe(1);
  server.stop();
  expect(Buffer.from(await from(server.url, { cacheDir }).read())).toEqual(content);
});

test("a copy that was changed on the disk is not used", async () => {
  const cacheDir = directory();
  const server = await served((_request, response) => response.end(content));
  writeFileSync(join(cacheDir, `policy-${sha256}.bundle`), "changed");
  expect(Buffer.from(await from(server.url, { cacheDir }).read())).toEqual(content);
});

test.each<[string, RequestListener, string]>([
  ["another file", (_, response) => response.end("another"), "is pinned"],
  ["nothing there", (_, response) => response.writeHead(404).end(), "HTTP 404"],
  ["an error with the file", (_, response) => response.writeHead(500).end(content), "HTTP 500"],
  [
    "a redirect",
    (_, response) => response.writeHead(302, { location: "http://169.254.169.254/latest" }).end(),
    "Redirects are not followed",
  ],
  ["a file without end", (_, response) => void endless(response), "larger than"],
  ["half a file", (_, response) => response.writeHead(200, { "content-length": 100 }).end("half"), "cannot be fetched"],
  ["silence", () => undefined, "cannot be fetched"],
])("%s is refused, and nothing is kept", async (_name, listener, words) => {
  const server = await served(listener);
  const source = from(server.url, { timeoutMs: words === "larger than" ? 30_000 : 500 });
  for (let i = 0; i < 2; i++) {
    const error = await source.read().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PolicyBundleError);
    expect((error as Error).message).toContain(words);
  }
  expect(server.asked()).toBe(2);
});

async function endless(response: Parameters<RequestListener>[1]): Promise<void> {
  const chunk = Buffer.alloc(1024 * 1024);
  response.setMaxListeners(0);
  while (!response.destroyed) {
    if (!response.write(chunk)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
}
