import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KINDS, type ObjectRef } from "../../../src/model/kubernetes.ts";
import { eventually, expectFault, secret } from "../../contract/cluster-bench.ts";
import { json, listBody, type ScriptedApi, scriptedApi, secretBody, statusBody, TOKEN } from "./scripted-api.ts";

let api: ScriptedApi;
beforeEach(async () => {
  api = await scriptedApi();
});
afterEach(() => api.stop());

const ref: ObjectRef = { kind: KINDS.secret, namespace: "ns", name: "a" };
const found = secretBody("a", "1");

/** Answers with these in turn, then with the last one for good. */
function inTurn(...answers: [status: number, body: unknown, headers?: Record<string, string>][]): void {
  let turn = 0;
  api.answer = (_asked, response) => {
    const [status, body, headers] = answers[Math.min(turn++, answers.length - 1)] ?? [500, {}];
    json(response, status, body, headers);
  };
}

const busy = statusBody(429, "TooManyRequests", "too many");
const away = statusBody(503, "ServiceUnavailable", "not yet");

describe("asking again", () => {
  test.each([
    ["503", [503, away]],
    ["429 that says when", [429, busy, { "retry-after": "0" }]],
  ] as [string, [number, unknown, Record<string, string>?]][])(
    "a read is asked again after %s",
    async (_what, answer) => {
      inTurn(answer, answer, [200, found]);
      expect((await (await api.connect()).get(ref))?.metadata.name).toBe("a");
      expect(api.asked).toHaveLength(3);
    },
  );

  test("but not for ever, and not after a long rest", async () => {
    const cluster = await api.connect();
    inTurn([503, away]);
    await expectFault(cluster.get(ref), "unavailable", /not yet/);
    expect(api.asked).toHaveLength(3);
    api.asked.length = 0;
    inTurn([429, busy, { "retry-after": "3600" }], [200, found]);
    await expectFault(cluster.get(ref), "unavailable", /too many/);
    expect(api.asked).toHaveLength(1);
  });

  test("a write is sent once: only its caller knows what it means twice", async () => {
    const cluster = await api.connect();
    inTurn([503, away]);
    await expectFault(cluster.apply(secret("ns", "a")), "unavailable");
    await expectFault(cluster.patch(ref, "merge", {}), "unavailable");
    await expectFault(cluster.delete(ref, { uid: "u" }), "unavailable");
    expect(api.asked.map(({ method }) => method)).toEqual(["PATCH", "PATCH", "DELETE"]);
  });
});

describe("the circuit breaker", () => {
  const write = async (cluster: Awaited<ReturnType<ScriptedApi["connect"]>>) =>
    cluster.apply(secret("ns", "a")).catch((error: Error) => error.message);

  test("opens after five failures in a row, and closes when one question is answered", async () => {
    const cluster = await api.connect();
    inTurn([503, away]);
    for (let i = 0; i < 5; i++) expect(await write(cluster)).toContain("not yet");
    expect(await write(cluster)).toContain("left alone");
    expect(api.asked).toHaveLength(5);
    inTurn([200, found]);
    await eventually(async () => expect(await write(cluster)).toMatchObject({ kind: "Secret" }));
  });

  test.each([
    ["refusals", 422, statusBody(422, "Invalid", "no")],
    ["conflicts", 409, statusBody(409, "Conflict", "no")],
    ["failures of one request", 500, statusBody(500, "InternalError", "failed calling webhook")],
    ["too many requests", 429, busy],
  ])("does not mind %s", async (_what, status, body) => {
    const cluster = await api.connect();
    inTurn([status, body]);
    for (let i = 0; i < 12; i++) expect(await write(cluster)).not.toContain("left alone");
    expect(api.asked).toHaveLength(12);
  });

  test("is each cluster's own", async () => {
    const [one, other] = [await api.connect(), await api.connect()];
    inTurn([503, away]);
    for (let i = 0; i < 6; i++) await write(one);
    expect(await write(one)).toContain("left alone");
    expect(await write(other)).toContain("not yet");
  });
});

test("no more requests are under way than allowed, and all are answered", async () => {
  const cluster = await api.connect({ concurrency: 3 });
  const open: ServerResponse[] = [];
  api.answer = (_asked, response) => void open.push(response);
  const all = Promise.all(Array.from({ length: 9 }, () => cluster.get(ref)));
  for (let answered = 0; answered < 9; answered += 3) {
    await eventually(() => expect(open).toHaveLength(3));
    // Nothing but the wait behind a limit keeps the others from coming.
    expect(api.asked).toHaveLength(answered + 3);
    for (const response of open.splice(0)) json(response, 200, found);
  }
  expect(await all).toHaveLength(9);
});

describe("an answer that is none", () => {
  test.each<[string, (response: ServerResponse) => void, RegExp]>([
    ["never comes", () => undefined, /time-out/],
    ["never ends", (response) => void response.write("{"), /time-out/],
    ["breaks off", (response) => response.destroy(), /ECONNRESET/],
    ["is a page", (response) => response.end("<html>"), /no Kubernetes API/],
    ["is something else", (response) => json(response, 200, { kind: "Else" }), /no Kubernetes API/],
    ["leads elsewhere", (response) => json(response, 302, {}, { location: "http://127.0.0.1:1/" }), /302/],
    [
      "is larger than anything",
      (response) => {
        const chunk = Buffer.alloc(1024 * 1024, " ");
        const more = () => void (response.destroyed || response.write(chunk, more));
        more();
      },
      /too large/,
    ],
  ])("one that %s is unavailable", async (_what, answer, words) => {
    const cluster = await api.connect({ timeoutMs: words.source === "time-out" ? 150 : 10_000 });
    api.answer = (_asked, response) => answer(response);
    await expectFault(cluster.apply(secret("ns", "a")), "unavailable", words);
  });

  test.each<[string, unknown]>([
    ["a proxy's page", "404 page not found"],
    ["a Status of another object", statusBody(404, "NotFound", "x", { name: "b", kind: "secrets" })],
    ["a Status of another kind", statusBody(404, "NotFound", "x", { name: "a", kind: "namespaces" })],
    ["a Status of nothing", statusBody(404, "NotFound", "x")],
  ])("404 with %s does not say that the object is not there", async (_what, body) => {
    const cluster = await api.connect();
    inTurn([404, body]);
    for (const asked of [cluster.get(ref), cluster.patch(ref, "merge", {}), cluster.delete(ref, { uid: "u" })])
      await expect(asked).rejects.toMatchObject({ name: "ClusterError", status: 404 });
  });
});

describe("a list", () => {
  test("asks the store, page by page, with the same selection", async () => {
    const cluster = await api.connect();
    inTurn([200, listBody([found], "10", "next+/=")], [200, listBody([secretBody("b", "2")], "10")]);
    const selection = { kind: KINDS.secret, namespace: "ns", labels: { "app.io/x": "y" } };
    expect((await cluster.list(selection)).map(({ metadata }) => metadata)).toEqual([
      { name: "a", namespace: "ns", uid: "uid-a", resourceVersion: "1" },
      { name: "b", namespace: "ns", uid: "uid-b", resourceVersion: "2" },
    ]);
    const queries = api.asked.map(({ url }) => Object.fromEntries(url.searchParams));
    const same = { labelSelector: "app.io/x=y", limit: "500" };
    expect(queries).toEqual([same, { ...same, continue: "next+/=" }]);
  });

  test("that expires between pages starts anew, with nothing of what came before", async () => {
    const cluster = await api.connect();
    const expired = statusBody(410, "Expired", "too old");
    inTurn([200, listBody([found], "10", "x")], [410, expired], [200, listBody([secretBody("b", "2")])]);
    expect((await cluster.list({ kind: KINDS.secret })).map(({ metadata }) => metadata.name)).toEqual(["b"]);
    inTurn([410, expired]);
    await expectFault(cluster.list({ kind: KINDS.secret }), "unavailable", /expired/);
  });

  test.each<[string, [number, unknown]]>([
    ["whose second page fails", [500, statusBody(500, "InternalError", "no")]],
    ["with an item that is no object", [200, listBody([{ metadata: {} }])]],
    ["without items", [200, { metadata: { resourceVersion: "1" } }]],
  ])("%s is none, never a part of it", async (_what, answer) => {
    const cluster = await api.connect();
    inTurn([200, listBody([found], "10", "x")], answer);
    await expectFault(cluster.list({ kind: KINDS.secret }), "unavailable");
  });
});

test("what a write carries", async () => {
  const cluster = await api.connect();
  inTurn([200, found]);
  await cluster.apply(secret("ns", "a"), { force: true });
  await cluster.patch(ref, "json", [], { subresource: "status" });
  await cluster.delete(ref, { uid: "u", propagation: "foreground" });
  const manager = { fieldManager: "hms-sys", fieldValidation: "Strict" };
  expect(
    api.asked.map(({ url, headers }) => [url.pathname, Object.fromEntries(url.searchParams), headers["content-type"]]),
  ).toEqual([
    ["/api/v1/namespaces/ns/secrets/a", { ...manager, force: "true" }, "application/apply-patch+yaml"],
    ["/api/v1/namespaces/ns/secrets/a/status", manager, "application/json-patch+json"],
    ["/api/v1/namespaces/ns/secrets/a", {}, "application/json"],
  ]);
  expect(JSON.parse(api.asked[2]?.body ?? "")).toMatchObject({
    propagationPolicy: "Foreground",
    preconditions: { uid: "u" },
  });
  for (const { headers } of api.asked) expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
});

test("calls are counted by kind and status, without names", async () => {
  const counted: unknown[] = [];
  const cluster = await api.connect({ counted: (call) => void counted.push(call) });
  inTurn([200, found]);
  await cluster.get(ref);
  expect(counted).toEqual([
    { cluster: "bed", method: "GET", about: "secrets", status: 200, durationMs: expect.any(Number) },
  ]);
});
