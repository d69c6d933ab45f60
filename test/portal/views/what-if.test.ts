import { expect, test } from "vitest";
import { type WhatIfReport, whatIf } from "../../../src/portal/views/what-if.ts";
import type { Checker, PolicySandbox } from "../../../src/ports/checker.ts";
import { BANK, SHOP, shaOf, type Village, viewerOf, village } from "./village.ts";

const DAY_MS = 86_400_000;

/** A policy on trial that forbids whatever `forbids` says, and else decides as the policy in force. */
function stricter(forbids: (number: number) => boolean): (checker: Checker) => PolicySandbox {
  return (checker) => ({
    async open(bundle) {
      if (bundle?.byteLength === 0) throw new Error("the bundle is empty");
      return {
        revision: () => (bundle ? "sha256:trial" : String(checker.revision())),
        async evaluate(input) {
          const answer = await checker.evaluate(input);
          if (!bundle) return answer;
          if (input.point === "merge-group" || !forbids(input.pull_request.number))
            return { ...answer, bundleRevision: "sha256:trial" };
          const deny = [{ rule: "no-fridays", message: "It is Friday.", remedy: "Wait.", controls: [] }];
          return { verdict: { allow: false, deny, waiting: [], warn: [] }, bundleRevision: "sha256:trial" };
        },
        close: async () => {},
      };
    },
  });
}

const BUNDLE = new Uint8Array([1]);

async function ask(scene: Village, question: Partial<Parameters<typeof whatIf>[2]> = {}): Promise<WhatIfReport> {
  const answer = await whatIf(scene.deps, viewerOf(), { sinceMs: 0, ...question });
  if (answer.kind !== "answered") throw new Error(answer.kind);
  return answer;
}

test("over a thousand stored decisions: which merges a policy would have blocked", async () => {
  const scene = await village(stricter((number) => number % 10 === 0));
  for (let number = 1; number <= 1000; number++) {
    await scene.judged(SHOP, number, {}, { title: `Change ${number}` });
    scene.clock.advance(1000);
    if (number <= 900) await scene.closed(SHOP, number, number > 100);
  }
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  const report = await ask(scene, { bundle: BUNDLE });
  clearInterval(counting);
  expect(report).toMatchObject({
    bundleRevision: "sha256:trial",
    judged: 900,
    merges: { total: 800, blocked: 80, freed: 0 },
    open: { total: 100, blocked: 10, freed: 0 },
    unjudgedMerges: 0,
    withoutFacts: 0,
    undecided: 0,
    truncated: false,
  });
  expect(report.changes).toHaveLength(90);
  expect(report.changes[0]).toMatchObject({
    decision: { number: 900, owner: "acme", repository: "shop" },
    title: "Change 900",
    from: "allow",
    to: "deny",
    rules: [{ rule: "no-fridays", message: "It is Friday." }],
  });
  expect(report.changes.every((change) => (change.decision.number ?? 0) % 10 === 0)).toBe(true);
  expect(turns).toBeGreaterThan(10);
  const bounded = await ask(scene, { bundle: BUNDLE, limit: 300 });
  expect(bounded).toMatchObject({ judged: 300, truncated: true, merges: { total: 300, blocked: 30 } });
  expect(await ask(scene)).toMatchObject({ judged: 900, changes: [] });
  expect(await ask(scene, { sinceMs: scene.clock.now() - 50_500 })).toMatchObject({ judged: 50, open: { total: 50 } });
}, 60_000);

test("only what counted: the last decision at the merged head, not of closed ones, and of what was reopened the newest", async () => {
  const scene = await village(stricter(() => true));
  const { judged, closed, clock, deps } = scene;
  const at = (sha: number) => ({ headSha: shaOf(sha) });
  await judged(SHOP, 1, { approvals: [] }, at(10));
  await judged(SHOP, 1, {}, at(11));
  await closed(SHOP, 1, true);
  await judged(SHOP, 2);
  await closed(SHOP, 2, false);
  clock.advance(1);
  await judged(SHOP, 3);
  await closed(SHOP, 3, false);
  clock.advance(1);
  const reopened = await judged(SHOP, 3, {}, at(31));
  // Merged at a head that was never judged.
  await judged(SHOP, 4, {}, at(40));
  await deps.engine.records.put("pull/7/42/4", { headSha: shaOf(41), state: "open" });
  await closed(SHOP, 4, true);
  // Bypassed: merged although it waited.
  await judged(SHOP, 5, { approvals: [] });
  await closed(SHOP, 5, true);
  const report = await ask(scene, { bundle: BUNDLE });
  expect(report).toMatchObject({
    merges: { total: 2, blocked: 1, freed: 0 },
    open: { total: 1, blocked: 1 },
    unjudgedMerges: 1,
  });
  expect(report.changes.map((change) => [change.decision.number, change.from, change.decision.sha])).toEqual([
    [5, "waiting-on-people", shaOf(5)],
    [1, "allow", shaOf(11)],
    [3, "allow", reopened.sha],
  ]);
});

test("a merge counts with its decision although that is older than the time that is asked about", async () => {
  const scene = await village(stricter(() => true));
  await scene.judged(SHOP, 1);
  scene.clock.advance(10 * DAY_MS);
  await scene.closed(SHOP, 1, true);
  const sinceMs = scene.clock.now() - DAY_MS;
  expect(await ask(scene, { bundle: BUNDLE, sinceMs })).toMatchObject({ merges: { total: 1, blocked: 1 } });
});

test("edited facts alone: what if nobody had approved", async () => {
  const scene = await village();
  await scene.judged(SHOP, 1);
  await scene.closed(SHOP, 1, true);
  await scene.judged(SHOP, 2, { approvals: [] });
  const report = await ask(scene, { patch: { approvals: [] } });
  expect(report).toMatchObject({ merges: { total: 1, blocked: 1 }, open: { total: 1, blocked: 0 } });
  expect(report.changes).toMatchObject([{ decision: { number: 1 }, from: "allow", to: "waiting-on-people" }]);
  const freed = await ask(scene, { patch: { config: { approvals: { count: 0 } } } });
  expect(freed).toMatchObject({ merges: { blocked: 0 }, open: { freed: 1 } });
});

test("what is not seen is neither shown nor counted", async () => {
  const scene = await village(stricter(() => true));
  for (const at of [SHOP, BANK]) {
    await scene.judged(at, 1);
    await scene.closed(at, 1, true);
    await scene.judged(at, 2);
  }
  const answer = await whatIf(scene.deps, viewerOf({ sees: [BANK] }), { sinceMs: 0, bundle: BUNDLE });
  expect(answer).toMatchObject({ judged: 2, merges: { total: 1 }, open: { total: 1 } });
  expect(answer.kind === "answered" && answer.changes.map((change) => change.decision.repository)).toEqual([
    "bank",
    "bank",
  ]);
  expect(await whatIf(scene.deps, viewerOf({ sees: [] }), { sinceMs: 0 })).toMatchObject({ judged: 0, changes: [] });
});

test("refusals: a bundle that cannot be used, a patch that makes no facts; erased facts are counted apart", async () => {
  const scene = await village(stricter(() => true));
  const { id } = await scene.judged(SHOP, 1);
  const viewer = viewerOf();
  expect(await whatIf(scene.deps, viewer, { sinceMs: 0, bundle: new Uint8Array() })).toEqual({
    kind: "bundle-refused",
    why: "the bundle is empty",
  });
  expect(await whatIf(scene.deps, viewer, { sinceMs: 0, patch: { approvals: 3 } })).toMatchObject({
    kind: "patch-refused",
    decision: id,
  });
  const [entry] = await scene.deps.engine.ledger.query({ id, limit: 1 });
  await scene.deps.engine.ledger.eraseBody(String(entry?.bodyDigest));
  expect(await ask(scene)).toMatchObject({ judged: 0, withoutFacts: 1 });
});

test("what the policy cannot decide is never a yes", async () => {
  const scene = await village((checker) => ({
    open: async () => ({
      revision: () => String(checker.revision()),
      evaluate: async () => {
        throw new Error("time is up");
      },
      close: async () => {},
    }),
  }));
  await scene.judged(SHOP, 1);
  await scene.closed(SHOP, 1, true);
  expect(await ask(scene)).toMatchObject({
    undecided: 1,
    merges: { blocked: 1 },
    changes: [{ to: "unknown", rules: [{ rule: "undecided" }] }],
  });
});

test("one question at a time for each viewer and two in all; a question can be taken back", async () => {
  const closed: string[] = [];
  const waiting: (() => void)[] = [];
  const scene = await village((checker) => ({
    open: async () => ({
      revision: () => String(checker.revision()),
      evaluate: async (input) => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        return checker.evaluate(input);
      },
      close: async () => void closed.push("closed"),
    }),
  }));
  await scene.judged(SHOP, 1);
  await scene.judged(SHOP, 2);
  const going = new AbortController();
  const as = (login: string) => whatIf(scene.deps, viewerOf({ login }), { sinceMs: 0, signal: going.signal });
  const [ada, grace] = [as("ada"), as("grace")];
  expect(await as("Ada")).toEqual({ kind: "busy", who: "viewer" });
  expect(await as("linus")).toEqual({ kind: "busy", who: "everybody" });
  await expect.poll(() => waiting.length).toBe(2);
  going.abort();
  for (const resolve of waiting.splice(0)) resolve();
  expect(await Promise.all([ada, grace])).toEqual([{ kind: "cancelled" }, { kind: "cancelled" }]);
  expect(closed).toHaveLength(2);
  const again = whatIf(scene.deps, viewerOf(), { sinceMs: 0 });
  for (let answered = 0; answered < 2; answered++) {
    await expect.poll(() => waiting.length).toBe(1);
    waiting.shift()?.();
  }
  expect(await again).toMatchObject({ judged: 2 });
});
