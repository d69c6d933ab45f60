import { expect, test } from "vitest";
import { formatKey } from "../../../src/model/key.ts";
import { BANK, SHOP, type Village, viewerOf, village } from "../views/village.ts";
import { site, words } from "./site.ts";

const OPERATOR = { roles: ["reader", "operator"] };
const AUDITOR = { roles: ["reader", "auditor"] };

async function park(town: Village, key: string, reason: string): Promise<void> {
  const { queue } = town.deps.engine;
  await queue.enqueue(key);
  const lease = await queue.lease(60_000);
  if (!lease) throw new Error("nothing to lease");
  await queue.settle(lease, { kind: "terminal", reason });
}

const KEY = formatKey({ kind: "pull", ...SHOP, number: 12 });

test("the queue: numbers, and parked keys with their reasons", async () => {
  const town = await village();
  await park(town, KEY, "The permission checks: write is missing <b>now</b>.");
  const { text } = await site(town, viewerOf(OPERATOR)).get("/queue");
  expect(words(text)).toMatch(/Parked 1 somebody has to act .*pull\/7\/42\/12 The permission checks: write is missing/);
  expect(text).not.toContain("<b>now");
});

test("retried: the key may run again", async () => {
  const town = await village();
  await park(town, KEY, "why");
  const pages = site(town, viewerOf(OPERATOR));
  const { text } = await pages.post("/queue/retry", { key: KEY });
  expect(words(text)).toContain("pull/7/42/12 is tried again.");
  expect(words(text)).toContain("Nothing is parked");
  expect((await town.deps.engine.queue.lease(1_000))?.key).toBe(KEY);
});

test("a key of a repository that the operator does not see is neither shown nor tried again", async () => {
  const town = await village();
  await park(town, KEY, "why");
  const pages = site(town, viewerOf({ ...OPERATOR, sees: [BANK] }));
  expect((await pages.get("/queue")).text).not.toContain(KEY);
  expect(words((await pages.post("/queue/retry", { key: KEY })).text)).toContain("not yours to try again");
  expect(await town.deps.engine.queue.lease(1_000)).toBeUndefined();
});

test.each(["/queue", "/ledger"])("%s takes its role", async (path) => {
  const { status, text } = await site(await village(), viewerOf()).get(path);
  expect(status).toBe(403);
  expect(text).toContain("<code>not-allowed</code>");
});

async function audited(): Promise<Village> {
  const town = await village();
  await town.judged(SHOP, 1, {}, {});
  await town.judged(BANK, 2, {}, {});
  await town.closed(SHOP, 1, true);
  return town;
}

test.each([
  ["", 3],
  ["?repository=acme%2Fshop", 2],
  ["?repository=acme%2Fnowhere", 0],
  ["?type=verdict", 2],
  ["?subject=pull%2F7%2F42%2F1", 2],
  ["?since=2026-01-01&until=2026-01-01", 3],
  ["?since=2026-01-02", 0],
  ["?until=2025-12-31", 0],
])("the ledger filtered by %j has %i entries", async (query, count) => {
  const { status, text } = await site(await audited(), viewerOf(AUDITOR)).get(`/ledger${query}`);
  expect(status).toBe(200);
  expect(text.match(/ · entry \d+<\/summary>/g) ?? []).toHaveLength(count);
});

test.each([
  ["?repository=shop", "owner/name"],
  ["?since=yesterday", "year, month and day"],
  ["?until=2026-13-45", "year, month and day"],
])("the filter %j is refused with how it is written", async (query, expected) => {
  const { status, text } = await site(await audited(), viewerOf(AUDITOR)).get(`/ledger${query}`);
  expect(status).toBe(422);
  expect(words(text)).toContain(expected);
});

test("pages: every entry is on exactly one of them", async () => {
  const town = await village();
  for (let number = 1; number <= 120; number++) await town.judged(SHOP, number);
  const pages = site(town, viewerOf(AUDITOR));
  const seen: string[] = [];
  let path: string | undefined = "/ledger?type=verdict";
  for (let page = 0; path !== undefined && page < 5; page++) {
    const { text } = await pages.get(path);
    seen.push(...(text.match(/ · entry \d+<\/summary>/g) ?? []));
    path = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
  }
  expect(new Set(seen).size).toBe(120);
  expect(seen).toHaveLength(120);
});

test("a chain is verified on request; one that the auditor does not audit is not found", async () => {
  const town = await audited();
  const pages = site(town, viewerOf(AUDITOR));
  expect(words((await pages.post("/ledger/verify", { stream: "repository/7/42" })).text)).toContain(
    "The chain of repository/7/42 holds",
  );
  expect(
    (await site(town, viewerOf({ ...AUDITOR, sees: [BANK] })).post("/ledger/verify", { stream: "repository/7/42" }))
      .status,
  ).toBe(404);
});

test("an auditor of one organisation sees nothing of another's, although they may read its repositories", async () => {
  const town = await audited();
  const elsewhere = {
    ...viewerOf(AUDITOR),
    has: (role: string, owner?: string) => role === "reader" || owner !== "acme",
  };
  const { text } = await site(town, elsewhere).get("/ledger");
  expect(text).not.toContain("<summary>");
});

test("an address that names an entry of what is not audited answers as one that names nothing", async () => {
  const town = await audited();
  await town.judged(BANK, 9);
  const before = async (place: string) =>
    (await site(town, viewerOf({ ...AUDITOR, sees: [SHOP] })).get(`/ledger?before=${place}`)).text;
  expect(await before("repository/7/43:1")).toBe(await before("repository/7/99:1"));
});
