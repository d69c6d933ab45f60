import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSandbox } from "../../../src/adapters/opa/sandbox.ts";
import { tarGz } from "../../adapters/opa/archive.ts";
import { bodies, policyThat } from "../../adapters/opa/rewritten-policy.ts";
import { BANK, policies, SHOP, viewerOf, village } from "../views/village.ts";
import { client } from "./client.ts";

/** The policies of this release as a compiled bundle that somebody sends. */
const BUNDLE = tarGz([{ path: "/policy.wasm", bytes: new Uint8Array(readFileSync(join(policies, "policy.wasm"))) }]);

async function scene() {
  const made = await village((checker) => openSandbox(checker));
  return { ...made, api: await client(made.deps, viewerOf({ sees: [SHOP] })) };
}

test("a decision is replayed, and judged as if its facts were others", async () => {
  const { api, judged } = await scene();
  const { id } = await judged(SHOP, 1);
  expect((await api.ask("GET", `/decisions/${id}`)).body).toMatchObject({ id, integrity: "holds", sameBundle: true });
  expect((await api.ask("POST", `/decisions/${id}/replay`)).body).toMatchObject({ same: true, edited: false });
  const patch = { hold: { by: "grace", reason: "wait" } };
  expect((await api.ask("POST", `/decisions/${id}/simulate`, { patch })).body).toMatchObject({
    same: false,
    edited: true,
    before: { outcome: "allow" },
    after: { outcome: "waiting-on-people", verdict: { waiting: [{ rule: "hold" }] } },
  });
});

test.each([
  ["facts that the decision does not have", { patch: { secrets: 1 } }, 422, "patch-refused"],
  ["no patch", {}, 422, "body-refused"],
  ["more than a patch", { patch: {}, verdict: "allow" }, 422, "body-refused"],
  ["no JSON", "{patch", 422, "body-refused"],
  ["JSON that is no object", "null", 422, "body-refused"],
  ["no text at all", new Uint8Array([0xff, 0xfe]), 422, "body-refused"],
  ["more than a megabyte", JSON.stringify({ patch: { unknown: ["x".repeat(1024 * 1024)] } }), 413, "too-large"],
])("a simulation refuses %s", async (_name, body, status, code) => {
  const { api, judged } = await scene();
  const { id } = await judged(SHOP, 1);
  const answer = await api.ask("POST", `/decisions/${id}/simulate`, body);
  expect(answer).toMatchObject({ status, body: { code } });
});

test("a body of another kind is refused with the kinds that are taken", async () => {
  const { api, judged } = await scene();
  const { id } = await judged(SHOP, 1);
  const answer = await api.ask("POST", `/decisions/${id}/simulate`, "patch=1", { "content-type": "text/plain" });
  expect(answer).toMatchObject({
    status: 415,
    body: { code: "unsupported-media-type", detail: "Taken are application/json." },
  });
});

test("facts that are gone or that are not those that were judged are not judged", async () => {
  const { api, judged, deps } = await scene();
  const { id } = await judged(SHOP, 1);
  const { ledger } = deps.engine;
  const [entry] = await ledger.query({ id, limit: 1 });
  const stored = ledger.body.bind(ledger);
  ledger.body = async (digest) => ({ ...((await stored(digest)) as object), verdict: { allow: true } });
  expect(await api.ask("POST", `/decisions/${id}/replay`)).toMatchObject({
    status: 409,
    body: { code: "facts-broken" },
  });
  ledger.body = stored;
  await ledger.eraseBody(String(entry?.bodyDigest));
  expect(await api.ask("POST", `/decisions/${id}/replay`)).toMatchObject({
    status: 409,
    body: { code: "facts-erased" },
  });
});

test("what-if: a bundle as it is or in JSON, a patch, both, or nothing", async () => {
  const { api, judged, closed } = await scene();
  await judged(SHOP, 1);
  await closed(SHOP, 1, true);
  await judged(SHOP, 2, { approvals: [] });
  await judged(BANK, 3);
  const gzip = { "content-type": "application/gzip" };
  const own = await api.ask("POST", "/what-if?days=7", BUNDLE, gzip);
  expect(own.body).toMatchObject({ judged: 2, merges: { total: 1, blocked: 0 }, open: { total: 1 }, changes: [] });
  expect(own.body.bundleRevision).toMatch(/^sha256:[0-9a-f]{64}$/);
  const patch = { approvals: [] };
  const bundle = Buffer.from(BUNDLE).toString("base64");
  for (const body of [{ patch }, { patch, bundle }]) {
    const answer = await api.ask("POST", "/what-if", body);
    expect(answer.body).toMatchObject({
      merges: { total: 1, blocked: 1 },
      changes: [{ decision: { number: 1 }, from: "allow", to: "waiting-on-people", rules: [{ rule: "approvals" }] }],
    });
  }
  expect((await api.ask("POST", "/what-if")).body).toMatchObject({ judged: 2, changes: [] });
  expect((await api.ask("POST", "/what-if?limit=1")).body).toMatchObject({ judged: 1, truncated: true });
});

test.each([
  ["a bundle that is none", "/what-if", new Uint8Array([1, 2, 3]), 422, "bundle-refused"],
  ["a patch that makes no facts", "/what-if", { patch: { approvals: 1 } }, 422, "patch-refused"],
  ["base64 that is none", "/what-if", { bundle: "%%%" }, 422, "body-refused"],
  ["a bundle of eleven megabytes", "/what-if", new Uint8Array(11 * 1024 * 1024), 413, "too-large"],
  ["a body of twenty megabytes", "/what-if", new Uint8Array(20 * 1024 * 1024), 413, "too-large"],
  ["too many decisions", "/what-if?limit=10001", {}, 400, "parameter-refused"],
])("what-if refuses %s", async (_name, path, body, status, code) => {
  const { api, judged } = await scene();
  await judged(SHOP, 1);
  const headers = body instanceof Uint8Array ? { "content-type": "application/gzip" } : {};
  expect(await api.ask("POST", path, body, headers)).toMatchObject({ status, body: { code } });
});

test("a policy that loops is not waited for, and counts as no yes", async () => {
  const made = await village((checker) => openSandbox(checker, { evaluateMs: 50 }));
  const api = await client(made.deps, viewerOf());
  for (const number of [1, 2, 3, 4, 5]) {
    await made.judged(SHOP, number);
    await made.closed(SHOP, number, true);
  }
  const looping = tarGz([{ path: "/policy.wasm", bytes: policyThat(bodies.loopsForever) }]);
  const answer = await api.ask("POST", "/what-if", looping, { "content-type": "application/gzip" });
  expect([answer.status, answer.body.code ?? answer.body.undecided]).toEqual(
    answer.status === 200 ? [200, 5] : [422, "bundle-refused"],
  );
});

test("somebody whose question is being answered is told to wait", async () => {
  const waiting: (() => void)[] = [];
  const made = await village((checker) => ({
    open: async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return openSandbox(checker).open(undefined);
    },
  }));
  const api = await client(made.deps, viewerOf());
  const first = api.ask("POST", "/what-if");
  await expect.poll(() => waiting.length).toBe(1);
  const second = await api.ask("POST", "/what-if");
  expect(second).toMatchObject({ status: 429, body: { code: "what-if-busy" } });
  expect(second.headers.get("retry-after")).toBe("5");
  waiting[0]?.();
  expect((await first).status).toBe(200);
});
