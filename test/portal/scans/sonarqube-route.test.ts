import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import { httpApp } from "../../../src/portal/http.ts";
import { sonarQubeRoute } from "../../../src/portal/scans/sonarqube-route.ts";
import { SecretError } from "../../../src/ports/secrets.ts";
import { temporaryPath } from "../../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../../contract/settable-clock.ts";

const SHA = "a".repeat(40);
const SECRET = "the webhook's secret";
const ANALYSED = {
  taskId: "AVh21JS2JepAEhwQ-b3u",
  status: "SUCCESS",
  analysedAt: "2026-04-01T02:15:42+0200",
  revision: SHA,
  project: { key: "shop", name: "Shop" },
  branch: { name: "7", type: "PULL_REQUEST", isMain: false },
};

async function scene(secret: () => Promise<string> = async () => SECRET) {
  const clock = new SettableClock();
  const engine = await openSqlite({ path: temporaryPath(), clock });
  onTestFinished(() => engine.close());
  const app = httpApp([sonarQubeRoute({ engine, secret })], async () => undefined, {
    publicUrl: "https://hms.example",
    now: () => clock.now(),
    failed: (error) => {
      throw error;
    },
  });
  const run = (state: object) =>
    engine.records.put(storageKey.scanRun(1, 42, SHA, "quality"), {
      id: "1",
      kind: "quality",
      tool: "sonarqube",
      state,
    });
  const send = (body: string, signature?: string) =>
    app.request("/api/v1/sonarqube", {
      method: "POST",
      headers: signature === undefined ? {} : { "x-sonar-webhook-hmac-sha256": signature },
      body,
    });
  return {
    ...{ clock, engine, run, send },
    signed: async (value: unknown) => {
      const body = JSON.stringify(value);
      const answer = await send(body, sign(body));
      return [answer.status, await answer.json()] as const;
    },
    again: async () => (await engine.records.get(storageKey.scanAgain(1, 42, SHA, "quality")))?.value,
    announced: async () => (await engine.records.get(storageKey.qualityAnnounced(SHA, "shop")))?.value,
    awaited: () => engine.records.put(storageKey.qualityAwaited(SHA, 1, 42), {}),
  };
}
const sign = (body: string, secret = SECRET) => createHmac("sha256", secret).update(body).digest("hex");

test("an analysis is written down, and whoever awaits it looks again", async () => {
  const { signed, awaited, announced, again, engine } = await scene();
  expect(await signed(ANALYSED)).toEqual([202, { looks: 0 }]);
  expect(await announced()).toEqual({ pullRequest: "7", analysedAtMs: Date.parse(ANALYSED.analysedAt) });
  await awaited();
  expect(await signed(ANALYSED)).toEqual([202, { looks: 1 }]);
  expect(await again()).toBeUndefined();
  expect((await engine.queue.stats()).ready).toBe(1);
});

test.each([
  ["running", { is: "running" }, undefined],
  ["timed out", { is: "timed-out", reason: "x" }, { by: "sonarqube/AVh21JS2JepAEhwQ-b3u" }],
  ["reported", { is: "reported", atMs: 1, digest: "d", findings: 0 }, { by: "sonarqube/AVh21JS2JepAEhwQ-b3u" }],
])("what is %s is asked for anew only if it is over", async (_name, state, expected) => {
  const { signed, awaited, run, again } = await scene();
  await awaited();
  await run(state);
  await signed(ANALYSED);
  expect(await again()).toEqual(expected);
});

test("only a pull request's analysis that succeeded says which commit it is of", async () => {
  const { signed, announced } = await scene();
  for (const change of [
    { status: "FAILED" },
    { branch: { name: "7", type: "BRANCH" } },
    { branch: undefined },
    { analysedAt: undefined },
    { analysedAt: "soon" },
    { revision: undefined },
  ])
    expect((await signed({ ...ANALYSED, ...change }))[0]).toBe(202);
  expect(await announced()).toBeUndefined();
});

test("without the signature of this very body nothing is taken", async () => {
  const { send, announced } = await scene();
  const body = JSON.stringify(ANALYSED);
  const right = sign(body);
  for (const signature of [
    undefined,
    "",
    "0".repeat(64),
    right.slice(0, 63),
    `${right}0`,
    right.toUpperCase(),
    `sha256=${right}`,
    sign(body, "another"),
    sign(body, ""),
    sign(`${body} `),
  ])
    expect((await send(body, signature)).status, signature).toBe(401);
  expect(await announced()).toBeUndefined();
});

test("too large a body is refused whatever its signature, and what is signed but no analysis is told apart", async () => {
  const { send, signed } = await scene();
  const large = JSON.stringify({ ...ANALYSED, more: "x".repeat(300_000) });
  expect((await send(large, sign(large))).status).toBe(413);
  expect((await send("{", sign("{"))).status).toBe(400);
  expect((await signed({ ...ANALYSED, revision: "abc" }))[0]).toBe(400);
  expect((await signed({ ...ANALYSED, project: { key: "../shop" } }))[0]).toBe(400);
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      expect((await signed(value))[0]).toBe(400);
    }),
    { numRuns: 50 },
  );
});

test("where the secret is not to be had, it is told to come again", async () => {
  const { signed } = await scene(async () => {
    throw new SecretError("file:sonarqube cannot be read");
  });
  const [status, body] = await signed(ANALYSED);
  expect(status).toBe(503);
  expect(JSON.stringify(body)).not.toContain("file:");
});
