import { expect, test } from "vitest";
import type { NotificationRoute } from "../../src/config/notifications.ts";
import { noticesOf, QUIET_MS, type Told } from "../../src/notifications/notices.ts";

const NOW = 1_000_000_000_000;
const sre: NotificationRoute = { waitingFor: ["acme/sre"], repositories: undefined, to: ["chat"] };
const anybody: NotificationRoute = { waitingFor: ["*"], repositories: ["acme/*"], to: ["chat", "pager"] };

function plan(whom: string[], routes = [sre], told: Told = {}, change: { draft?: boolean; owner?: string } = {}) {
  return noticesOf({ owner: "acme", repository: "shop", draft: false, whom, ...change }, routes, told, NOW);
}
const told = (whom: string[], agoMs: number): Told => ({ chat: { whom, atMs: NOW - agoMs } });

test("who is newly awaited is told once, at every target that wants to know", () => {
  const first = plan(["Acme/SRE", "grace"], [sre, anybody]);
  expect(first.send).toEqual([
    { target: "chat", whom: ["Acme/SRE", "grace"] },
    { target: "pager", whom: ["Acme/SRE", "grace"] },
  ]);
  expect(plan(["Acme/SRE", "grace"], [sre, anybody], first.remember).send).toEqual([]);
});

test.each([
  ["nobody asked to be told", ["grace"], [sre], {}, {}],
  ["a draft", ["acme/sre"], [sre], {}, { draft: true }],
  ["another organisation's repository", ["grace"], [anybody], {}, { owner: "other" }],
  ["who was told already, however long ago", ["acme/sre"], [sre], told(["acme/sre"], 100 * QUIET_MS), {}],
  ["nobody is awaited", [], [sre], told(["acme/sre"], 1000), {}],
])("quiet: %s", (_what, whom, routes, before, change) => {
  expect(plan(whom, routes, before, change).send).toEqual([]);
});

test("who is awaited beside those who were told waits until it was quiet long enough", () => {
  const soon = plan(["acme/sre", "grace"], [{ ...anybody, to: ["chat"] }], told(["acme/sre"], 1000));
  expect(soon).toMatchObject({ send: [], againInMs: QUIET_MS - 1000 });
  const later = plan(["acme/sre", "grace"], [{ ...anybody, to: ["chat"] }], told(["acme/sre"], QUIET_MS));
  expect(later.send).toEqual([{ target: "chat", whom: ["grace"] }]);
});

test("a gate that goes back and forth tells once; after the quiet time it would be news again", () => {
  const gone = plan([], [sre], told(["acme/sre"], 1000));
  expect(gone.remember).toEqual({ chat: { whom: [], atMs: NOW - 1000 } });
  expect(plan(["acme/sre"], [sre], gone.remember).send).toEqual([]);
  expect(plan([], [sre], told(["acme/sre"], QUIET_MS)).remember).toEqual({});
});
