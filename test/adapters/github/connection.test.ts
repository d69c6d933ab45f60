import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { Connection } from "../../../src/adapters/github/connection.ts";

const privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();

test("a GitHub that takes the connection and says nothing: tokens and calls end, and as unavailable", async () => {
  const asked: string[] = [];
  const server = createServer((request) => void asked.push(request.url ?? ""));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const connection = new Connection({
    appId: 1,
    privateKey,
    baseUrl: `http://127.0.0.1:${port}`,
    now: () => Date.now(),
    observer: () => undefined,
    limits: "published",
    timeoutMs: 200,
  });
  try {
    await expect(connection.call(7, {}, "GET /installation/repositories")).rejects.toMatchObject({
      fault: "unavailable",
    });
    await expect(connection.permissions(7, {})).rejects.toMatchObject({ fault: "unavailable" });
    await expect(connection.asApp("GET /app")).rejects.toMatchObject({ fault: "unavailable" });
    expect(asked).toEqual(["/app/installations/7/access_tokens", "/app/installations/7/access_tokens", "/app"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
