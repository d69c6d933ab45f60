import { describe, expect, test } from "vitest";
import type { FindingsIndex } from "../../../src/model/listed-finding.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import { type FindingFilter, findingRows } from "../../../src/portal/views/finding-rows.ts";
import { findingView } from "../../../src/portal/views/finding-view.ts";
import { waiversView } from "../../../src/portal/views/waivers-view.ts";
import { finding, many, report, scanned, unlisted, waivers } from "./findings-scene.ts";
import { BANK, SHOP, shaOf, type Village, viewerOf, village } from "./village.ts";

const EVAL = { reason: "It goes in spring.", owner: "acme/sre", until: "2027-01-31", line: 4 };

async function names(town: Village, filter: FindingFilter = {}, viewer = viewerOf()): Promise<string[]> {
  const { rows } = await findingRows(town.deps, viewer, filter);
  return rows.map(({ repository, severity, path, state }) => `${repository} ${severity} ${path} ${state}`);
}

async function stocked(): Promise<Village> {
  const town = await village();
  await town.judged(SHOP, 12);
  await town.judged(SHOP, 13);
  await town.judged(BANK, 5);
  await scanned(town, SHOP, 12, [
    report(
      [
        finding("b", { severity: "low", baseline: "unchanged" }),
        finding("a", { severity: "critical", baseline: "new", onChangedLine: true }),
        finding("w", { waiver: EVAL, baseline: "unchanged" }),
        finding("o", { severity: "medium", baseline: "unchanged", overdue: true }),
        finding("s", { rule: "sast/suppression", severity: "low" }),
      ],
      { sha: shaOf(12), gone: [finding("g")], fixed: 1 },
    ),
    report([finding("k", { rule: "leaks/key", severity: "critical" })], { kind: "leaks", sha: shaOf(12) }),
  ]);
  await scanned(town, SHOP, 13, [
    report([finding("b", { severity: "low", baseline: "unchanged" })], { sha: shaOf(13) }),
  ]);
  await scanned(town, BANK, 5, [report([finding("bank", { severity: "high" })], { sha: shaOf(5) })]);
  return town;
}

describe("findings of all repositories in one list", () => {
  test.each<[string, FindingFilter, string[]]>([
    [
      "the worst first, then by repository, rule and path; what is fixed is asked for",
      {},
      [
        "shop critical src/k.js new",
        "shop critical src/a.js new",
        "bank high src/bank.js new",
        "shop high src/w.js waived",
        "shop medium src/o.js overdue",
        "shop low src/b.js unchanged",
        "shop low src/s.js new",
      ],
    ],
    ["of one repository", { owner: "ACME", repository: "Bank" }, ["bank high src/bank.js new"]],
    ["of another owner", { owner: "other" }, []],
    ["of a kind", { kind: "leaks" }, ["shop critical src/k.js new"]],
    ["of a severity", { severity: "low" }, ["shop low src/b.js unchanged", "shop low src/s.js new"]],
    ["of no such severity", { severity: "note" }, []],
    [
      "new",
      { state: "new", repository: "shop", kind: "sast" },
      ["shop critical src/a.js new", "shop low src/s.js new"],
    ],
    ["overdue", { state: "overdue" }, ["shop medium src/o.js overdue"]],
    ["old", { state: "unchanged" }, ["shop low src/b.js unchanged"]],
    ["waived", { state: "waived" }, ["shop high src/w.js waived"]],
    ["fixed", { state: "fixed" }, ["shop high src/g.js fixed"]],
    ["suppressions", { state: "suppression" }, ["shop low src/s.js new"]],
    ["of a pull request", { repository: "shop", pull: 13 }, ["shop low src/b.js unchanged"]],
    ["text of a rule", { text: "KEY" }, ["shop critical src/k.js new"]],
    ["text of a path", { text: "src/A." }, ["shop critical src/a.js new"]],
    ["beginning of a fingerprint", { text: finding("o").fingerprint.slice(0, 9) }, ["shop medium src/o.js overdue"]],
  ])("%s", async (_, filter, expected) => {
    expect(await names(await stocked(), filter)).toEqual(expected);
  });

  test("a row says in which pull requests, since when, of which tool and where on GitHub", async () => {
    const town = await stocked();
    const { rows } = await findingRows(town.deps, viewerOf(), { text: "b.js" });
    expect(rows).toEqual([
      expect.objectContaining({
        kind: "sast",
        tool: "semgrep 1.99.0",
        sinceMs: town.clock.now(),
        pullCount: 2,
        url: `https://github.com/acme/x/blob/${shaOf(1)}/src/b.js#L3`,
        pulls: [
          { number: 12, state: "unchanged", url: "https://github.com/acme/x/pull/12" },
          { number: 13, state: "unchanged", url: "https://github.com/acme/x/pull/13" },
        ],
      }),
    ]);
  });

  test("what a viewer does not see is nowhere", async () => {
    const town = await stocked();
    expect(await names(town, {}, viewerOf({ sees: [BANK] }))).toEqual(["bank high src/bank.js new"]);
    const { fingerprint } = finding("a");
    expect(await findingView(town.deps, viewerOf({ sees: [BANK] }), "acme", "shop", fingerprint)).toBeUndefined();
    expect(await findingView(town.deps, viewerOf(), "acme", "bank", fingerprint)).toBeUndefined();
    expect(await findingView(town.deps, viewerOf(), "acme", "shop", fingerprint)).toMatchObject({ standing: true });
  });

  test("pages show each finding once, whatever their size", async () => {
    const town = await stocked();
    await scanned(town, SHOP, 14, [report(many(700, ["low", "critical", "note"]))]);
    const whole = await names(town, { limit: 1_000 });
    expect(whole).toHaveLength(707);
    const paged: string[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < 30; pages++) {
      const { rows, next } = await findingRows(town.deps, viewerOf(), { limit: 47, ...(after ? { after } : {}) });
      paged.push(...rows.map(({ repository, severity, path, state }) => `${repository} ${severity} ${path} ${state}`));
      if (next === undefined) break;
      after = next;
    }
    expect(paged).toEqual(whole);
  });

  test("a page that finds nothing within what is looked through goes on with the next one", async () => {
    const town = await village();
    await town.judged(SHOP, 12);
    await scanned(town, SHOP, 12, [report([...many(21_000), finding("needle", { severity: "note" })])]);
    const first = await findingRows(town.deps, viewerOf(), { text: "needle" });
    expect(first.rows).toEqual([]);
    const { rows, next } = await findingRows(town.deps, viewerOf(), { text: "needle", after: first.next ?? "" });
    expect(rows.map(({ path }) => path)).toEqual(["src/needle.js"]);
    expect(next).toBeUndefined();
  });
});

describe("what is kept", () => {
  test("an old one is known since the base was scanned with it; a new one since it came", async () => {
    const town = await village();
    await town.judged(SHOP, 12);
    const [old, fresh] = [finding("old", { baseline: "unchanged" }), finding("fresh")];
    const seen = { [old.fingerprint]: 1_000 };
    await town.deps.engine.records.put(storageKey.firstSeen(7, 42, "sast"), { id: "x", seen });
    await scanned(town, SHOP, 12, [report([old, fresh])]);
    const { rows } = await findingRows(town.deps, viewerOf());
    expect(rows.map(({ path, sinceMs }) => [path, sinceMs])).toEqual([
      ["src/fresh.js", town.clock.now()],
      ["src/old.js", 1_000],
    ]);
  });

  test("two copies of a finding are one row, which says what counts more of the two", async () => {
    const town = await village();
    await town.judged(SHOP, 12);
    const copies = [finding("a", { baseline: "unchanged" }), finding("a", { line: 9, baseline: "new" })];
    await scanned(town, SHOP, 12, [report(copies)]);
    expect(await names(town)).toEqual(["shop high src/a.js new"]);
    const view = await findingView(town.deps, viewerOf(), "acme", "shop", finding("a").fingerprint);
    expect(view?.places.map(({ line }) => line)).toEqual([9, 3]);
  });

  test("pull requests that tell of the same finding at the same moment are both in its history", async () => {
    const town = await village();
    const numbers = [12, 13, 14, 15];
    for (const number of numbers) await town.judged(SHOP, number);
    await Promise.all(numbers.map((number) => scanned(town, SHOP, number, [report([finding("a")])])));
    const view = await findingView(town.deps, viewerOf(), "acme", "shop", finding("a").fingerprint);
    expect(view?.history.map(({ number }) => number).sort()).toEqual(numbers);
  });

  test("nothing is written where nothing changed; a push that moves no finding leaves its parts alone", async () => {
    const town = await village();
    await town.judged(SHOP, 12);
    const found = (sha: string) => many(300).map((one) => ({ ...one, location: { ...one.location, commit: sha } }));
    const parts = () => town.deps.engine.records.list(storageKey.findingsParts(7, 42, 12));
    expect(await scanned(town, SHOP, 12, [report(found(shaOf(1)))])).toBe(true);
    const before = await parts();
    expect(await scanned(town, SHOP, 12, [report(found(shaOf(1)))])).toBe(false);
    town.clock.advance(60_000);
    await scanned(town, SHOP, 12, [report(found(shaOf(2)), { sha: shaOf(2) })], shaOf(2));
    expect(await parts()).toEqual(before);
    const { rows } = await findingRows(town.deps, viewerOf(), { limit: 1 });
    expect(rows).toMatchObject([{ sha: shaOf(2), sinceMs: town.clock.now() - 60_000 }]);
  });

  test("one finding less changes one part, and the one before it goes", async () => {
    const town = await village();
    await town.judged(SHOP, 12);
    const parts = async () =>
      (await town.deps.engine.records.list(storageKey.findingsParts(7, 42, 12))).map(({ key }) => key);
    await scanned(town, SHOP, 12, [report(many(2_000))]);
    const before = await parts();
    await scanned(town, SHOP, 12, [report(many(2_000).filter((_, at) => at !== 900))]);
    const after = await parts();
    expect(before.length).toBeGreaterThan(4);
    expect(after.filter((key) => !before.includes(key)).length).toBeLessThanOrEqual(2);
    const index = await town.deps.engine.records.get<FindingsIndex>(storageKey.findings(7, 42, 12));
    const named = index?.value.scans.flatMap(({ found }) => found?.lists ?? []).flatMap(({ parts }) => parts);
    expect(after).toEqual((named ?? []).map(({ id }) => storageKey.findingsPart(7, 42, 12, id)).sort());
    expect(await names(town, { limit: 3_000 })).toHaveLength(1_999);
  });

  test("while a push is scanned, what was found last stays in sight; when the pull request is closed its lists go", async () => {
    const town = await stocked();
    await scanned(town, SHOP, 13, [{ kind: "sast", status: "running", sha: shaOf(99), reason: "It is running." }]);
    expect(await names(town, { repository: "shop", pull: 13 })).toEqual(["shop low src/b.js unchanged"]);
    await unlisted(town, SHOP, 13);
    expect(await names(town, { repository: "shop", pull: 13 })).toEqual([]);
    expect(await town.deps.engine.records.list(storageKey.findingsParts(7, 42, 13))).toEqual([]);
  });
});

describe("what became of a finding", () => {
  test("found, waived, counting again, gone, and found in another pull request", async () => {
    const town = await village();
    await town.judged(SHOP, 12);
    const one = finding("a");
    const steps: [Parameters<typeof report>[0], string][] = [
      [[one], shaOf(1)],
      [[{ ...one, waiver: EVAL }], shaOf(2)],
      [[{ ...one, waiver: EVAL }], shaOf(3)],
      [[one], shaOf(4)],
      [[], shaOf(5)],
    ];
    for (const [findings, sha] of steps) {
      town.clock.advance(1_000);
      await scanned(town, SHOP, 12, [report(findings, { sha })], sha);
    }
    await scanned(town, SHOP, 13, [report([{ ...one, overdue: true, baseline: "unchanged" }], { sha: shaOf(6) })]);
    const view = await findingView(town.deps, viewerOf(), "acme", "shop", one.fingerprint);
    expect(view?.history.map(({ what, number, sha, waiver }) => [what, number, sha, waiver?.line])).toEqual([
      ["found", 12, shaOf(1), undefined],
      ["waived", 12, shaOf(2), 4],
      ["counts-again", 12, shaOf(4), undefined],
      ["gone", 12, shaOf(5), undefined],
      ["overdue", 13, shaOf(6), undefined],
    ]);
    await unlisted(town, SHOP, 13);
    const past = await findingView(town.deps, viewerOf(), "acme", "shop", one.fingerprint);
    expect(past).toMatchObject({ standing: false, row: { message: "eval of a.", pulls: [] } });
  });

  test("who was merged with it is named; who mended it first is not", async () => {
    const town = await village();
    for (const number of [12, 13]) {
      await town.judged(SHOP, number);
      await scanned(town, SHOP, number, [report([finding("a")])]);
    }
    await scanned(town, SHOP, 13, [report([], { sha: shaOf(99) })]);
    for (const number of [12, 13]) {
      await unlisted(town, SHOP, number);
      await town.closed(SHOP, number, true);
    }
    const view = await findingView(town.deps, viewerOf(), "acme", "shop", finding("a").fingerprint);
    expect(view).toMatchObject({ standing: false, mergedWith: [12] });
  });

  test("an old one that has no history is found in the lists", async () => {
    const town = await stocked();
    const view = await findingView(town.deps, viewerOf(), "acme", "shop", finding("b").fingerprint);
    expect(view).toMatchObject({ standing: true, row: { pullCount: 2 }, history: [] });
    expect(view?.places.map(({ number }) => number)).toEqual([12, 13]);
  });

  test("overrides of the rules that speak of it", async () => {
    const town = await stocked();
    const override = (rule: string) => ({
      type: "override",
      subject: "pull/7/42/12",
      atMs: town.clock.now(),
      id: `override/${rule}`,
      data: { rule, by: "linus", sha: shaOf(12), reason: "The house burns." },
    });
    await town.deps.engine.ledger.append("repository/7/42", [override("no-sast-findings"), override("size")]);
    const view = await findingView(town.deps, viewerOf(), "acme", "shop", finding("a").fingerprint);
    expect(view?.overrides).toMatchObject([{ rule: "no-sast-findings", by: "linus", number: 12 }]);
  });
});

describe("waivers", () => {
  test("in use, unused, expired and too long; those of repositories that somebody does not see are nowhere", async () => {
    const town = await stocked();
    town.clock.advance(Date.parse("2026-12-01T00:00:00Z") - town.clock.now());
    const { until: expires, ...own } = EVAL;
    const rule = "sast/eval";
    await waivers(town, SHOP, [
      { ...own, rule, path: "src/w.js", expires },
      { ...own, rule, path: "src/x.js", expires, line: 9 },
      { ...own, rule, path: "src/y.js", expires: "2026-11-30", line: 14 },
      { ...own, rule, path: "src/z.js", expires: "2099-01-01", line: 19 },
    ]);
    await waivers(town, BANK, [{ ...own, rule, path: "src/w.js", expires }]);
    const [view, ...more] = await waiversView(town.deps, viewerOf({ sees: [SHOP] }));
    expect(more).toEqual([]);
    expect(view?.waivers.map(({ line, state, findings, pulls }) => [line, state, findings, pulls])).toEqual([
      [4, "in-use", 1, [12]],
      [9, "unused", 0, []],
      [14, "expired", 0, []],
      [19, "too-long", 0, []],
    ]);
  });
});
