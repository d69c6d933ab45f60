import { expect, test } from "vitest";
import { ledgerView, verifyStream } from "../../../src/portal/views/ledger-view.ts";
import { queueView, retryKey } from "../../../src/portal/views/queue-view.ts";
import { BANK, SHOP, viewerOf, village } from "./village.ts";

test("the ledger is read page by page, only of what is seen", async () => {
  const { deps, judged, closed } = await village();
  for (const number of [1, 2, 3]) {
    await judged(SHOP, number);
    await judged(BANK, number);
  }
  await closed(SHOP, 3, true);
  await deps.engine.ledger.append("installation/7", [
    { type: "uninstalled", subject: "installation/7", atMs: 1, id: "u", data: {} },
  ]);
  const viewer = viewerOf({ sees: [SHOP] });
  const first = await ledgerView(deps, viewer, { limit: 3 });
  expect(first.entries.map((entry) => [entry.type, entry.subject])).toEqual([
    ["pull_closed", "pull/7/42/3"],
    ["verdict", "pull/7/42/3"],
    ["verdict", "pull/7/42/2"],
  ]);
  const rest = await ledgerView(deps, viewer, { limit: 3, ...(first.next ? { before: first.next } : {}) });
  expect(rest.entries.map((entry) => entry.subject)).toEqual(["pull/7/42/1"]);
  expect(rest).not.toHaveProperty("next");
  const none = { entries: [] };
  expect(await ledgerView(deps, viewer, { stream: "repository/7/43" })).toEqual(none);
  expect(await ledgerView(deps, viewer, { stream: "installation/7" })).toEqual(none);
  expect(await ledgerView(deps, viewer, { owner: "acme", repository: "bank" })).toEqual(none);
  expect(await ledgerView(deps, viewer, { subject: "pull/7/43/1" })).toEqual(none);
  const shop = await ledgerView(deps, viewer, { owner: "acme", repository: "shop", type: "pull_closed" });
  expect(shop.entries).toHaveLength(1);
  expect(await ledgerView(deps, viewer, { owner: "acme", repository: "shop", stream: "repository/7/43" })).toEqual(
    none,
  );
});

test("a chain is verified for whoever sees its repository", async () => {
  const { deps, judged } = await village();
  await judged(SHOP, 1);
  expect(await verifyStream(deps, viewerOf(), "repository/7/42")).toEqual({ holds: true });
  expect(await verifyStream(deps, viewerOf({ sees: [BANK] }), "repository/7/42")).toBeUndefined();
  expect(await verifyStream(deps, viewerOf(), "repository/7/99")).toBeUndefined();
  deps.engine.ledger.verify = async () => ({ brokenAt: 3, why: "the entry is missing" });
  expect(await verifyStream(deps, viewerOf(), "repository/7/42")).toEqual({
    holds: false,
    brokenAt: 3,
    why: "the entry is missing",
  });
});

test("parked keys are shown to whoever operates their repositories, and freed only by them", async () => {
  const { deps } = await village();
  const { queue } = deps.engine;
  for (const key of ["pull/7/42/1", "pull/7/43/2", "installation/7", "installation/8"]) {
    await queue.enqueue(key);
    const lease = await queue.lease(1000);
    if (lease) await queue.settle(lease, { kind: "terminal", reason: "gone" });
  }
  const keys = async (viewer: Parameters<typeof queueView>[1]) =>
    (await queueView(deps, viewer)).parked.map((one) => one.key).sort();
  const operator = viewerOf({ sees: [SHOP], roles: ["reader", "operator"] });
  expect(await keys(operator)).toEqual(["installation/7", "pull/7/42/1"]);
  expect(await keys(viewerOf())).toEqual([]);
  expect(await keys({ ...viewerOf({ roles: ["operator"] }), kind: "machine" })).toHaveLength(4);
  expect((await queueView(deps, operator)).stats).toMatchObject({ parked: 4 });
  expect(await retryKey(deps, operator, "pull/7/43/2")).toBe(false);
  expect(await retryKey(deps, operator, "pull/7/42/9")).toBe(false);
  expect(await retryKey(deps, operator, "pull/7/42/1")).toBe(true);
  expect((await queueView(deps, operator)).stats).toMatchObject({ parked: 3, ready: 1 });
});
