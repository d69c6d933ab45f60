import { expect, test } from "vitest";
import { storageKey } from "../../../src/model/storage-key.ts";
import { sightOf } from "../../../src/preview/preview.ts";
import { namespaceObjects, previewed } from "../views/previews-scene.ts";
import { BANK, SHOP, shaOf, viewerOf, village } from "../views/village.ts";
import { client } from "./client.ts";

const AUDITS = ["reader", "auditor"];

test("pull requests: the list page by page, and one of them", async () => {
  const { deps, judged } = await village();
  for (const number of [1, 2, 3]) await judged(SHOP, number, number === 2 ? { approvals: [] } : {});
  await judged(BANK, 4);
  const api = await client(deps, viewerOf({ sees: [SHOP] }));
  const first = await api.ask("GET", "/pulls?limit=2");
  expect(first.body.items).toMatchObject([{ number: 3 }, { number: 2, state: "waiting-on-people" }]);
  const second = await api.ask("GET", `/pulls?limit=2&cursor=${first.body.next}`);
  expect(second.body).toMatchObject({ items: [{ number: 1, owner: "acme", repository: "shop" }] });
  expect(second.body).not.toHaveProperty("next");
  expect((await api.ask("GET", "/pulls?state=allow&author=ADA")).body.items).toHaveLength(2);
  const one = await api.ask("GET", "/pulls/Acme/shop/1");
  expect(one.body).toMatchObject({ row: { number: 1, state: "allow" }, integrity: "holds" });
  expect(one.body.timeline).toHaveLength(1);
});

test("a pull request with everything that people can say is told as described", async () => {
  const { deps, judged } = await village();
  await judged(SHOP, 1, { approvals: [] });
  const { records, ledger } = deps.engine;
  await records.put(storageKey.hold(7, 42, 1), { by: "grace", reason: "wait" });
  await records.put(storageKey.okToTest(7, 42, 1), { by: "linus", sha: shaOf(1) });
  await records.put(storageKey.override(7, 42, 1, shaOf(1), "r", 9), { rule: "r", by: "linus", reason: "known" });
  const data = { check: "hms/gate", state: { status: "in_progress" }, title: "t", decisions: [], pulls: [1] };
  await ledger.append("repository/7/42", [
    { type: "check_written", subject: `commit/7/42/${shaOf(1)}`, atMs: 1, id: "c", data },
  ]);
  const api = await client(deps, viewerOf());
  const { body } = await api.ask("GET", "/pulls/acme/shop/1");
  expect(body).toMatchObject({ hold: { by: "grace" }, okToTest: { by: "linus" }, checks: [{ status: "in_progress" }] });
});

test("what somebody does not see answers as what is not there", async () => {
  const { deps, judged } = await village();
  const { id } = await judged(BANK, 4);
  const api = await client(deps, viewerOf({ sees: [SHOP], roles: AUDITS }));
  const answers = await Promise.all(
    [
      ["GET", "/pulls/acme/bank/4"],
      ["GET", "/pulls/acme/none/4"],
      ["GET", `/decisions/${id}`],
      ["GET", `/decisions/dec_${"0".repeat(26)}`],
      ["GET", "/decisions/nonsense"],
      ["POST", `/decisions/${id}/replay`],
      ["GET", "/ledger/verification?stream=repository/7/43"],
      ["GET", "/ledger/verification?stream=repository/7/99"],
    ].map(([method, path]) => api.ask(method as "GET", path as string)),
  );
  for (const { status, body } of answers) expect([status, body]).toEqual([404, answers[0]?.body]);
  expect((await api.ask("GET", "/decisions")).body).toEqual({ items: [] });
  expect((await api.ask("GET", "/decisions?owner=acme&repository=bank")).body).toEqual({ items: [] });
  expect((await api.ask("GET", "/ledger")).body).toEqual({ items: [] });
  expect((await api.ask("GET", "/ledger/streams")).body).toEqual({ items: [] });
  expect((await api.ask("GET", "/repositories")).body.items).toMatchObject([{ name: "shop" }]);
  expect((await api.ask("GET", "/repositories?owner=ACME")).body.items).toHaveLength(1);
  expect((await api.ask("GET", "/repositories?owner=other")).body.items).toEqual([]);
  expect((await api.ask("GET", "/installations")).body).toEqual({ items: [{ id: 7, owner: "acme", repositories: 1 }] });
});

test("decisions and the ledger are read page by page and filtered", async () => {
  const { deps, judged, closed, clock } = await village();
  for (const number of [1, 2, 3]) {
    await judged(SHOP, number);
    clock.advance(1000);
  }
  await closed(SHOP, 3, true);
  const api = await client(deps, viewerOf({ roles: AUDITS }));
  const first = await api.ask("GET", "/decisions?limit=2&owner=acme&repository=shop");
  expect(first.body.items).toMatchObject([{ number: 3 }, { number: 2 }]);
  const second = await api.ask("GET", `/decisions?limit=2&owner=acme&repository=shop&cursor=${first.body.next}`);
  expect(second.body.items).toMatchObject([{ number: 1 }]);
  expect((await api.ask("GET", `/decisions?sinceMs=${clock.now() - 1500}`)).body.items).toHaveLength(1);
  const entries = await api.ask("GET", "/ledger?limit=3");
  expect(entries.body.items).toMatchObject([{ type: "pull_closed" }, { type: "verdict" }, { type: "verdict" }]);
  expect((await api.ask("GET", `/ledger?limit=3&cursor=${entries.body.next}`)).body.items).toHaveLength(1);
  expect((await api.ask("GET", "/ledger?subjectPrefix=pull/7/42/&type=verdict")).body.items).toHaveLength(3);
  expect((await api.ask("GET", "/ledger/verification?stream=repository/7/42")).body).toEqual({
    stream: "repository/7/42",
    holds: true,
  });
});

test.each([
  ["a parameter that there is not", "/pulls?sort=title", "parameter-refused"],
  ["a parameter of another kind", "/pulls?limit=many", "parameter-refused"],
  ["a parameter out of its range", "/pulls?limit=0", "parameter-refused"],
  ["a page that is too long", "/decisions?limit=10000", "parameter-refused"],
  ["a parameter twice", "/pulls?limit=1&limit=2", "parameter-refused"],
  ["a state that there is not", "/pulls?state=green", "parameter-refused"],
  ["a repository without its owner", "/decisions?repository=shop", "parameter-refused"],
  ["a number without its repository", "/decisions?owner=acme&number=3", "parameter-refused"],
  ["the ledger of a repository without its owner", "/ledger?repository=shop", "parameter-refused"],
  ["a stream that could not be", "/ledger?stream=../etc", "parameter-refused"],
  ["a cursor of nobody", "/pulls?cursor=abc", "cursor-refused"],
  ["a cursor of another list", `/pulls?cursor=${encoded(["repository/7/42", 1])}`, "cursor-refused"],
  ["a cursor that was changed", `/ledger?cursor=${encoded(["repository/7/42", -1])}`, "cursor-refused"],
  ["a cursor into what is not seen", `/ledger?cursor=${encoded(["repository/7/43", 1])}`, "cursor-refused"],
  ["a cursor into what is not there", `/decisions?cursor=${encoded(["repository/9/9", 1])}`, "cursor-refused"],
])("refused with a code and what to do: %s", async (_name, path, code) => {
  const { deps, judged } = await village();
  await judged(SHOP, 1);
  await judged(BANK, 1);
  const api = await client(deps, viewerOf({ sees: [SHOP], roles: AUDITS }));
  const { status, body, headers } = await api.ask("GET", path);
  expect(status).toBe(400);
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(body).toMatchObject({ code, status: 400, next: expect.stringMatching(/\w/) });
  expect(body.type).toMatch(new RegExp(`/docs/errors\\.md#${code}$`));
});

test("the ledger is for auditors, each of the owners for whom they are one", async () => {
  const { deps, judged } = await village();
  await judged(SHOP, 1);
  const streams = ["/ledger", "/ledger/streams", "/ledger/verification?stream=repository/7/42", "/ledger/tail"];
  const reader = await client(deps, viewerOf());
  for (const path of streams) expect((await reader.ask("GET", path)).body).toMatchObject({ code: "not-allowed" });
  const elsewhere = { ...viewerOf(), has: (role: string, owner?: string) => role === "reader" || owner !== "acme" };
  const api = await client(deps, elsewhere);
  expect((await api.ask("GET", "/ledger")).body).toEqual({ items: [] });
  expect((await api.ask("GET", "/ledger/streams")).body).toEqual({ items: [] });
  expect((await api.ask("GET", "/ledger/verification?stream=repository/7/42")).status).toBe(404);
});

test("the queue is for operators, and frees only what they operate", async () => {
  const { deps } = await village();
  const { queue } = deps.engine;
  await queue.enqueue("pull/7/42/1");
  const lease = await queue.lease(1000);
  if (lease) await queue.settle(lease, { kind: "terminal", reason: "the repository is gone" });
  const reader = await client(deps, viewerOf());
  expect((await reader.ask("GET", "/queue")).body).toMatchObject({ code: "not-allowed" });
  expect((await reader.ask("POST", "/queue/retry", { key: "pull/7/42/1" })).body).toMatchObject({
    code: "not-allowed",
  });
  const operator = await client(deps, viewerOf({ roles: ["reader", "operator"] }));
  expect((await operator.ask("GET", "/queue")).body).toMatchObject({
    stats: { parked: 1 },
    parked: [{ key: "pull/7/42/1", reason: "the repository is gone" }],
  });
  expect((await operator.ask("POST", "/queue/retry", { key: "pull/7/42/2" })).status).toBe(404);
  expect((await operator.ask("POST", "/queue/retry", { key: "pull/7/42/1" })).body).toEqual({ key: "pull/7/42/1" });
  expect((await operator.ask("GET", "/queue")).body).toMatchObject({ stats: { parked: 0, ready: 1 }, parked: [] });
});

test("installations: what became of them is told to whoever operates their owner, and to machines", async () => {
  const { deps } = await village();
  const { records, queue } = deps.engine;
  const state = { owner: "acme", status: "permissions-lacking", sinceMs: 5, lacking: ["checks: write"] };
  await records.put(storageKey.installationState(7), { installationId: 7, ...state });
  const gone = { owner: "elsewhere", status: "quarantined", sinceMs: 6, lacking: [] };
  await records.put(storageKey.installationState(8), { installationId: 8, ...gone });
  await queue.pause(8, deps.clock.now() + 60_000);
  const missing = { repositoryId: 44, name: "acme/old", status: "deleted", sinceMs: 7 };
  await records.put(storageKey.repositoryState(7, 44), {
    installationId: 7,
    found: "deleted",
    lookedAtMs: 7,
    ...missing,
  });
  const nowMs = deps.clock.now();
  deps.limits = () => [
    {
      installationId: 7,
      points: 12,
      concurrent: 1,
      quota: { limit: 5000, remaining: 4321, resetAtMs: nowMs + 1000 },
      closedUntilMs: 0,
    },
  ];
  deps.waitsUntilMs = () => nowMs + 30_000;
  const seven = {
    id: 7,
    owner: "acme",
    repositories: 1,
    operated: {
      status: "permissions-lacking",
      sinceMs: 5,
      lacking: ["checks: write"],
      next: expect.stringContaining("accept"),
      missing: [{ id: 44, name: "acme/old", status: "deleted", sinceMs: 7 }],
      limits: { points: 12, concurrent: 1, quota: { limit: 5000, remaining: 4321, resetAtMs: nowMs + 1000 } },
    },
  };
  const operator = viewerOf({ sees: [SHOP], roles: ["reader", "operator"] });
  const ofAcme = {
    ...operator,
    has: (role: string, owner = "acme") => operator.has(role as "operator") && owner === "acme",
  };
  expect((await (await client(deps, ofAcme)).ask("GET", "/installations")).body).toEqual({
    items: [seven],
    githubAwayUntilMs: nowMs + 30_000,
  });
  const machine = { ...operator, kind: "machine" as const };
  const { items } = (await (await client(deps, machine)).ask("GET", "/installations")).body;
  expect(items).toMatchObject([
    seven,
    { id: 8, owner: "elsewhere", operated: { status: "quarantined", pausedUntilMs: nowMs + 60_000 } },
  ]);
  const reader = await client(deps, viewerOf({ sees: [SHOP] }));
  expect((await reader.ask("GET", "/installations")).body).toEqual({
    items: [{ id: 7, owner: "acme", repositories: 1 }],
  });
});

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

test("previews: the list page by page, one of them with what its cluster shows, and one that there is not", async () => {
  const town = await village();
  town.deps.lookAtPreview = async ({ cluster }) =>
    cluster === "eu"
      ? { kind: "seen", sight: sightOf(namespaceObjects("x")) }
      : { kind: "unread", why: "The cluster us did not answer." };
  for (const number of [1, 2, 3]) await previewed(town, SHOP, number);
  const argocd = { cluster: "hub", namespace: "argocd" };
  const reasons = [
    { cause: "quota" as const, message: "exceeded quota", object: "Pod web", awaits: "people" as const },
  ];
  const made = ["eu", "us"].map((cluster) => ({ cluster, namespace: "pr-shop-4-0a1b2c3d", argocd }));
  await previewed(town, SHOP, 4, { state: "degraded", unknown: "away", reasons, made, position: 1 });
  await previewed(town, SHOP, 5, { state: "gone", made: [], reasons: [] });
  await previewed(town, BANK, 6);
  const api = await client(town.deps, viewerOf({ sees: [SHOP] }));
  const first = await api.ask("GET", "/previews?limit=2");
  expect(first.body.items).toMatchObject([
    { number: 4, state: "degraded", unknown: "away", why: "exceeded quota", clusters: ["eu", "us"] },
    { number: 3, state: "healthy", clusters: ["eu"] },
  ]);
  const second = await api.ask("GET", `/previews?limit=2&cursor=${first.body.next}`);
  expect(second.body.items).toMatchObject([{ number: 2 }, { number: 1 }]);
  expect(second.body).not.toHaveProperty("next");
  expect((await api.ask("GET", "/previews?state=any")).body.items).toHaveLength(5);
  expect((await api.ask("GET", "/previews?state=gone")).body.items).toMatchObject([{ number: 5 }]);
  expect((await api.ask("GET", "/previews?state=lost")).body).toMatchObject({ code: "parameter-refused" });
  expect((await api.ask("GET", "/previews?cursor=!")).body).toMatchObject({ code: "cursor-refused" });
  const { body } = await api.ask("GET", "/previews/acme/shop/4");
  expect(body).toMatchObject({
    row: { number: 4 },
    reasons,
    places: [
      { now: { kind: "seen", sight: { use: [{ resource: "requests.cpu", share: 0.75 }, {}, {}] } } },
      { now: { kind: "unread" } },
    ],
    thought: { type: "deployment_thought" },
    history: [{ type: "deployment_thought" }, { type: "preview_degraded" }],
  });
  expect((await api.ask("GET", "/pulls/acme/shop/4")).body).toMatchObject({
    preview: { state: "degraded", unknown: "away" },
  });
  await town.judged(SHOP, 7);
  for (const path of ["/previews/acme/shop/7", "/previews/acme/shop/8", "/previews/acme/bank/6"])
    expect((await api.ask("GET", path)).status, path).toBe(404);
});
