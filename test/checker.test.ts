import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { openChecker } from "../src/checker.ts";
import { mergeableInput } from "./policies/inputs.ts";

test("made-up facts that an OPA server fails on leave the gate's circuit breaker closed", async () => {
  const verdict = { allow: true, deny: [], waiting: [], warn: [] };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      if (body.includes("made up")) response.statusCode = 500;
      response.end(JSON.stringify({ result: verdict }));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { apart, checker } = await openChecker(
    { checkerServer: { url }, dataDir: "unused" },
    { get: async () => undefined },
    pino({ level: "silent" }),
  );
  const madeUp = mergeableInput({ unknown: ["made up"] });
  for (let i = 0; i < 5; i++) await expect(apart.evaluate(madeUp)).rejects.toThrow("could not decide");
  expect((await checker.evaluate(mergeableInput())).verdict.allow).toBe(true);
  await expect(apart.evaluate(mergeableInput())).rejects.toThrow("left alone");
});
