import { expect, test } from "vitest";
import { storageKey } from "../../../src/model/storage-key.ts";
import { openPulls, placeOfRow } from "../../../src/portal/views/pull-rows.ts";
import { pullView } from "../../../src/portal/views/pull-view.ts";
import { BANK, SHOP, shaOf, viewerOf, village } from "./village.ts";

test("open pull requests stand by repository, newest first, each with its gate and who is awaited", async () => {
  const { deps, judged, closed } = await village();
  await judged(SHOP, 1);
  await judged(SHOP, 2, { approvals: [] });
  await judged(BANK, 9, { hold: { by: "grace", reason: "later" } });
  await judged(SHOP, 3);
  await closed(SHOP, 3, true);
  const rows = await openPulls(deps, viewerOf());
  expect(rows.map((row) => [row.repository, row.number, row.state])).toEqual([
    ["bank", 9, "waiting-on-people"],
    ["shop", 2, "waiting-on-people"],
    ["shop", 1, "allow"],
  ]);
  expect(rows[2]).toMatchObject({ title: "Change 1", author: "ada", gateTitle: "Ready to merge", awaited: [] });
  expect(rows[1]?.awaited).toEqual(["a reviewer with write access"]);
  expect(rows[1]?.gateTitle).toContain("a reviewer with write access");
});

test("a repository that somebody does not see is nowhere", async () => {
  const { deps, judged } = await village();
  await judged(SHOP, 1);
  await judged(BANK, 2);
  const viewer = viewerOf({ sees: [SHOP] });
  expect((await openPulls(deps, viewer)).map((row) => row.repository)).toEqual(["shop"]);
  expect(await openPulls(deps, viewer, { owner: "acme", repository: "bank" })).toEqual([]);
  expect(await pullView(deps, viewer, "acme", "bank", 2)).toBeUndefined();
  expect(await pullView(deps, viewer, "acme", "none", 2)).toBeUndefined();
  expect(await pullView(deps, viewer, "acme", "shop", 2)).toBeUndefined();
  expect(await pullView(deps, viewer, "ACME", "Shop", 1)).toBeDefined();
});

test("the list is filtered, and goes on after a row whatever becomes of it", async () => {
  const { deps, judged, closed } = await village();
  for (const number of [1, 2, 3]) await judged(SHOP, number, number === 2 ? { approvals: [] } : {});
  await judged(BANK, 4, {}, { author: "grace", title: "Pay <b>twice</b>" });
  const numbers = async (filter: object) => (await openPulls(deps, viewerOf(), filter)).map((row) => row.number);
  expect(await numbers({ owner: "Acme", repository: "SHOP" })).toEqual([3, 2, 1]);
  expect(await numbers({ state: "allow" })).toEqual([4, 3, 1]);
  expect(await numbers({ author: "Grace" })).toEqual([4]);
  expect(await numbers({ text: "twice" })).toEqual([4]);
  expect(await numbers({ text: "#3" })).toEqual([3]);
  expect(await numbers({ limit: 2 })).toEqual([4, 3]);
  const second = (await openPulls(deps, viewerOf(), { limit: 2 })).at(-1);
  await closed(SHOP, 3, true);
  expect(await numbers({ limit: 2, after: placeOfRow(second as never) })).toEqual([2, 1]);
});

test("a commit that two pull requests share shows the worse of both", async () => {
  const { deps, judged } = await village();
  await judged(SHOP, 1, {}, { headSha: shaOf(1) });
  await judged(SHOP, 2, { approvals: [] }, { headSha: shaOf(1), baseRef: "release" });
  const rows = await openPulls(deps, viewerOf());
  expect(rows.map((row) => [row.number, row.state, row.awaited.length])).toEqual([
    [2, "waiting-on-people", 1],
    [1, "waiting-on-people", 0],
  ]);
});

test("a record of the first release has no title yet, and what was not decided is not green", async () => {
  const { deps } = await village();
  const old = { headSha: shaOf(1), baseRef: "main", draft: false, state: "open", merged: false, readAtMs: 5 };
  await deps.engine.records.put(storageKey.pull(SHOP.installationId, SHOP.repositoryId, 1), old);
  expect(await openPulls(deps, viewerOf())).toMatchObject([
    { title: "Pull request 1", author: "", url: "", fork: false, state: "unknown" },
  ]);
  const view = await pullView(deps, viewerOf(), "acme", "shop", 1);
  expect(view).toMatchObject({ row: { state: "unknown" }, timeline: [], checks: [], hold: null });
  expect(view).not.toHaveProperty("decision");
});

test("a pull request's page has its decision with the facts, what people said, and what happened at each of its heads", async () => {
  const { deps, judged, clock } = await village();
  await judged(SHOP, 1, { approvals: [] }, { headSha: shaOf(10) });
  clock.advance(1000);
  const decision = await judged(SHOP, 1, {}, { headSha: shaOf(11) });
  await judged(SHOP, 2);
  const { ledger, records } = deps.engine;
  const stream = "repository/7/42";
  const check = (sha: string, id: string, state: object, pulls: number[]) =>
    ledger.append(stream, [
      {
        type: "check_written",
        subject: `commit/7/42/${sha}`,
        atMs: clock.now(),
        id,
        data: { check: "hms/gate", state, title: id, decisions: [], pulls },
      },
    ]);
  await check(shaOf(10), "first", { status: "completed", conclusion: "action_required" }, [1]);
  await check(shaOf(11), "second", { status: "in_progress" }, [1]);
  await check(shaOf(11), "third", { status: "completed", conclusion: "success" }, [1]);
  await check(shaOf(2), "another's", { status: "completed", conclusion: "success" }, [2]);
  await records.put(storageKey.hold(7, 42, 1), { by: "grace", reason: "wait", commentId: 4 });
  await records.put(storageKey.okToTest(7, 42, 1), { by: "linus", sha: shaOf(10) });
  await records.put(storageKey.override(7, 42, 1, shaOf(11), "no-high-findings", 9), {
    rule: "no-high-findings",
    by: "linus",
    sha: shaOf(11),
    baseRef: "main",
    reason: "known",
  });
  const view = await pullView(deps, viewerOf(), "acme", "shop", 1);
  expect(view?.decision).toMatchObject({ id: decision.id, atMs: clock.now() });
  expect(view?.input?.pull_request.head_sha).toBe(shaOf(11));
  expect(view).toMatchObject({
    integrity: "holds",
    checks: [{ name: "hms/gate", status: "completed", conclusion: "success", title: "third" }],
    hold: { by: "grace", reason: "wait" },
    overrides: [{ rule: "no-high-findings", by: "linus", reason: "known" }],
    okToTest: null,
  });
  expect(view?.timeline.map((entry) => [entry.type, entry.data.title ?? entry.data.outcome])).toEqual([
    ["verdict", "waiting-on-people"],
    ["verdict", "allow"],
    ["check_written", "first"],
    ["check_written", "second"],
    ["check_written", "third"],
  ]);
});

test("one that was merged shows what was decided last", async () => {
  const { deps, judged, closed } = await village();
  const decision = await judged(SHOP, 1);
  await closed(SHOP, 1, true);
  const view = await pullView(deps, viewerOf(), "acme", "shop", 1);
  expect(view).toMatchObject({
    row: { open: false, merged: true, state: "allow", gateTitle: "Ready to merge", decisionId: decision.id },
    decision: { id: decision.id },
    integrity: "holds",
  });
});
