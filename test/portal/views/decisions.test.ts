import { expect, test } from "vitest";
import type { CheckerInput, MergeGroupInput } from "../../../src/model/checker-input.ts";
import { decisionRows, decisionView, digestOf } from "../../../src/portal/views/decisions.ts";
import { replay } from "../../../src/portal/views/replay.ts";
import { corpus } from "../../policies/corpus.ts";
import { BANK, SHOP, shaOf, viewerOf, village } from "./village.ts";

test("decisions are listed newest first, page by page, only of what is seen", async () => {
  const { deps, judged } = await village();
  const ids: string[] = [];
  for (const number of [1, 2, 3, 4, 5]) {
    ids.unshift((await judged(SHOP, number, number % 2 ? {} : { approvals: [] })).id);
    await judged(BANK, number);
  }
  const viewer = viewerOf({ sees: [SHOP] });
  const first = await decisionRows(deps, viewer, { limit: 3 });
  expect(first.rows.map((row) => row.id)).toEqual(ids.slice(0, 3));
  const rest = await decisionRows(deps, viewer, { limit: 3, ...(first.next ? { before: first.next } : {}) });
  expect(rest.rows.map((row) => row.id)).toEqual(ids.slice(3));
  expect(rest).not.toHaveProperty("next");
  const waiting = await decisionRows(deps, viewer, { outcome: "waiting-on-people" });
  expect(waiting.rows.map((row) => row.number)).toEqual([4, 2]);
  expect((await decisionRows(deps, viewer, { owner: "acme", repository: "bank" })).rows).toEqual([]);
  expect((await decisionRows(deps, viewer, { owner: "acme" })).rows).toHaveLength(5);
  const one = await decisionRows(deps, viewer, { owner: "acme", repository: "shop", number: 4 });
  expect(one.rows).toMatchObject([{ number: 4, sha: shaOf(4), rules: [], waiting: ["approvals"], owner: "acme" }]);
});

test("a page of one outcome goes on where it ended", async () => {
  const { deps, judged } = await village();
  for (let number = 1; number <= 20; number++) await judged(SHOP, number, number % 3 ? {} : { approvals: [] });
  const seen: (number | undefined)[] = [];
  let page = await decisionRows(deps, viewerOf(), { outcome: "waiting-on-people", limit: 2 });
  for (;;) {
    seen.push(...page.rows.map((row) => row.number));
    if (!page.next) break;
    page = await decisionRows(deps, viewerOf(), { outcome: "waiting-on-people", limit: 2, before: page.next });
  }
  expect(seen).toEqual([18, 15, 12, 9, 6, 3]);
});

test("a decision has its facts, as long as they are the ones that were judged", async () => {
  const { deps, judged } = await village();
  const { id } = await judged(SHOP, 1);
  const view = await decisionView(deps, viewerOf(), id);
  expect(view).toMatchObject({ id, integrity: "holds", sameBundle: true, outcome: "allow" });
  expect(view?.input?.pull_request.number).toBe(1);
  expect(await decisionView(deps, viewerOf({ sees: [BANK] }), id)).toBeUndefined();
  expect(await replay(deps, viewerOf({ sees: [BANK] }), id)).toEqual({ kind: "not-found" });
  expect(await decisionView(deps, viewerOf(), "dec_none")).toBeUndefined();

  const [entry] = await deps.engine.ledger.query({ id, limit: 1 });
  const { ledger } = deps.engine;
  const forged = { input: { ...view?.input, approvals: [] }, verdict: view?.verdict };
  const stored = ledger.body;
  ledger.body = async () => forged;
  expect(await decisionView(deps, viewerOf(), id)).toMatchObject({ integrity: "broken" });
  expect(await decisionView(deps, viewerOf(), id)).not.toHaveProperty("input");
  expect(await replay(deps, viewerOf(), id)).toEqual({ kind: "broken" });

  ledger.body = stored;
  await ledger.eraseBody(String(entry?.bodyDigest));
  expect(await decisionView(deps, viewerOf(), id)).toMatchObject({ integrity: "erased", outcome: "allow" });
  expect(await replay(deps, viewerOf(), id)).toEqual({ kind: "erased" });
});

test("facts that are whole but not those that the decision names are not believed", async () => {
  const { deps, judged } = await village();
  await judged(SHOP, 1);
  const [first] = await deps.engine.ledger.query({ type: "verdict", limit: 1 });
  const id = `dec_${"f".repeat(26)}`;
  const data = { ...first?.data, decision: id, inputDigest: `sha256:${"0".repeat(64)}` };
  const body = await deps.engine.ledger.body(String(first?.bodyDigest));
  const subject = String(first?.subject);
  await deps.engine.ledger.append("repository/7/42", [{ type: "verdict", subject, atMs: 1, id, data, body }]);
  expect(await decisionView(deps, viewerOf(), id)).toMatchObject({ integrity: "broken" });
  expect(await replay(deps, viewerOf(), id)).toEqual({ kind: "broken" });
});

test("replayed from its stored input every decision of the corpus gives the same verdict", async () => {
  const { deps, judged } = await village();
  let judgedRows = 0;
  for (const [index, row] of corpus.entries()) {
    // What cannot be told apart from no input at all was never stored as one.
    if (typeof row.input !== "object" || row.input === null) continue;
    const whole = { ...blank(), ...row.input } as CheckerInput;
    const { id, verdict } = await judged(SHOP, index + 1, whole);
    const again = await replay(deps, viewerOf(), id);
    expect(again, row.name).toMatchObject({ kind: "judged", same: true, sameBundle: true, edited: false });
    expect(again.kind === "judged" && again.after.verdict, row.name).toEqual(verdict);
    judgedRows++;
  }
  expect(judgedRows).toBeGreaterThan(100);
});

test("another policy in force than then is said so", async () => {
  const { deps, judged, checker } = await village();
  const { id } = await judged(SHOP, 1);
  const revision = `sha256:${"0".repeat(64)}`;
  const evaluate = async (input: CheckerInput) => ({ ...(await checker.evaluate(input)), bundleRevision: revision });
  const other = { evaluate, revision: () => revision };
  const now = { ...deps, checker: other, sandbox: { open: async () => ({ ...other, close: async () => {} }) } };
  expect(await replay(now, viewerOf(), id)).toMatchObject({
    kind: "judged",
    same: true,
    sameBundle: false,
    after: { bundleRevision: revision },
  });
  expect(await decisionView(now, viewerOf(), id)).toMatchObject({ sameBundle: false });
});

test("edited facts are judged as if they were so, and nothing is written", async () => {
  const { deps, judged } = await village();
  const { id } = await judged(SHOP, 1);
  const before = await deps.engine.ledger.query({ limit: 100 });
  const held = await replay(deps, viewerOf(), id, { hold: { by: "grace", reason: "wait" } });
  expect(held).toMatchObject({ kind: "judged", edited: true, same: false, before: { outcome: "allow" } });
  expect(held.kind === "judged" && held.after.outcome).toBe("waiting-on-people");
  const draft = await replay(deps, viewerOf(), id, { pull_request: { draft: true } });
  expect(draft.kind === "judged" && draft.after.outcome).not.toBe("allow");
  expect(await deps.engine.ledger.query({ limit: 100 })).toEqual(before);
});

test.each([
  ["a member that is no fact", { secrets: true }, "secrets is not a fact"],
  ["a fact of another type", { approvals: "many" }, "approvals: "],
  ["a fact taken away", { pull_request: { head_sha: null } }, "pull_request.head_sha"],
  ["a SHA that is none", { ok_to_test: { by: "ada", permission: "write", sha: "abc" } }, "40 hexadecimal digits"],
  ["another pull request", { pull_request: { number: 99 } }, "pull_request.number says what is judged"],
  ["another question", { point: "command" }, "point says what is judged"],
  ["everything replaced", [], "the input"],
  ["a prototype", JSON.parse('{"__proto__":{"allow":true}}'), "__proto__ is not a fact"],
  ["too deep a nesting", deep(100_000), "nested deeper"],
])("an edit is refused: %s", async (_name, patch, why) => {
  const { deps, judged } = await village();
  const { id } = await judged(SHOP, 1);
  const refused = await replay(deps, viewerOf(), id, patch);
  expect(refused).toMatchObject({ kind: "patch-refused" });
  expect(refused.kind === "patch-refused" && refused.why).toContain(why);
});

test("facts of another release can be edited where they are known", async () => {
  const { deps, judged } = await village();
  const { id } = await judged(SHOP, 1, { later: { a: [1] } } as never);
  expect(await replay(deps, viewerOf(), id, { unknown: ["x"] })).toMatchObject({ kind: "judged" });
  expect(await replay(deps, viewerOf(), id, { newer: 1 })).toMatchObject({ kind: "patch-refused" });
});

test("a merge group's decision is one too, but no pull request's", async () => {
  const { deps, judged, checker } = await village();
  await judged(SHOP, 1);
  const sha = shaOf(99);
  const input: MergeGroupInput = {
    schema: "hms.checker/v1",
    point: "merge-group",
    repository: { id: SHOP.repositoryId, owner: "acme", name: "shop", default_branch: "main" },
    group: { sha, base: "main", members: [], unexplained: ["a commit of nobody"], overdue: false },
    scans: [],
    config: { valid: true, required_scans: [] },
  };
  const { verdict, bundleRevision } = await checker.evaluate(input);
  const inputDigest = digestOf(input);
  const id = `dec_${"g".repeat(26)}`;
  const data = { decision: id, sha, bundleRevision, inputDigest, outcome: "deny", rules: ["r"], waiting: [] };
  const subject = `merge-group/7/42/${sha}`;
  await deps.engine.ledger.append("repository/7/42", [
    { type: "merge_group_verdict", subject, atMs: 1, id, data, body: { input, verdict } },
  ]);
  const view = await decisionView(deps, viewerOf(), id);
  expect(view).toMatchObject({ id, subject, integrity: "holds" });
  expect(view).not.toHaveProperty("number");
  expect(await replay(deps, viewerOf(), id)).toMatchObject({ kind: "judged", same: true, sameBundle: true });
  const edited = await replay(deps, viewerOf(), id, { group: { unexplained: [], overdue: true } });
  expect(edited).toMatchObject({ kind: "judged", edited: true });
  expect((await decisionRows(deps, viewerOf())).rows.map((row) => row.number)).toEqual([1]);
});

test("a checker that cannot decide gives no verdict", async () => {
  const { deps, judged } = await village();
  const { id } = await judged(SHOP, 1);
  const evaluate = async (): Promise<never> => {
    throw new Error("it loops");
  };
  const sandbox = { open: async () => ({ revision: () => "r", evaluate, close: async () => {} }) };
  expect(await replay({ ...deps, sandbox }, viewerOf(), id)).toEqual({ kind: "undecided", why: "it loops" });
});

/** Members of a whole input that malformed rows of the corpus lack. */
function blank(): object {
  return { point: undefined };
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = { a: value };
  return value;
}
