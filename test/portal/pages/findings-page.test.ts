import { describe, expect, test } from "vitest";
import { parseWaivers } from "../../../src/scan/waivers.ts";
import { finding, many, report, scanned, waivers } from "../views/findings-scene.ts";
import { BANK, SHOP, shaOf, type Village, viewerOf, village } from "../views/village.ts";
import { site, words } from "./site.ts";

const EVAL = { reason: "It goes in spring.", owner: "acme/sre", until: "2027-01-31", line: 4 };
const A = finding("a", { severity: "critical", baseline: "new", onChangedLine: true });

async function stocked(): Promise<Village> {
  const town = await village();
  await town.judged(SHOP, 12);
  await town.judged(BANK, 5);
  await scanned(town, SHOP, 12, [
    report(
      [A, finding("w", { waiver: EVAL }), ...many(1_342).map((one) => ({ ...one, baseline: "unchanged" as const }))],
      {
        sha: shaOf(12),
        notes: ["Of one file only the beginning was looked at."],
        url: "https://github.com/acme/shop/actions/runs/7",
      },
    ),
    { kind: "iac", status: "unknown", sha: shaOf(12), reason: "The tool crashed.", cause: "failed" },
    { kind: "dast", status: "running", sha: shaOf(12), reason: "It waits for the preview.", phase: "queued" },
  ]);
  return town;
}

describe("the list", () => {
  test("the worst first, each with rule, place, tool, state and pull request; pages hold all 1,344", async () => {
    const town = await stocked();
    const pages = site(town, viewerOf());
    const first = await pages.get("/findings");
    expect(words(first.text)).toContain(
      "eval of a. sast/eval src/a.js:3 acme/shop semgrep 1.99.0 on a changed line Critical New seen just now #12",
    );
    expect(first.text).toContain(`href="https://github.com/acme/x/blob/${shaOf(1)}/src/a.js#L3"`);
    const seen = new Set<string>();
    let path: string | undefined = "/findings";
    while (path) {
      const { text, status } = await pages.get(path);
      expect(status).toBe(200);
      for (const [, print = ""] of text.matchAll(/\/findings\/acme\/shop\/([0-9a-f]{64})/g)) seen.add(print);
      path = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
    }
    expect(seen.size).toBe(1_344);
  });

  test("filters stay in the form and in the address of the next page", async () => {
    const town = await stocked();
    const asked = "/findings?repository=acme%2Fshop&kind=sast&severity=high&state=unchanged&pull=12&text=src";
    const { text } = await site(town, viewerOf()).get(asked);
    expect(text).toContain('<option value="unchanged" selected>');
    expect(text).toContain('name="pull" value="12"');
    expect(text).toMatch(/rel="next" href="\/findings\?[^"]*state=unchanged[^"]*after=/);
    expect(words(text)).not.toContain("eval of a.");
  });

  test("a waived one says until when and by whom", async () => {
    const { text } = await site(await stocked(), viewerOf()).get("/findings?state=waived");
    expect(words(text)).toContain("Waived until 2027-01-31 by acme/sre");
  });

  test("none, and none that matches, are told apart; who sees no repository learns of none", async () => {
    const nobody = site(await stocked(), viewerOf({ sees: [] }));
    const { text } = await nobody.get("/findings");
    expect(words(text)).toContain("No findings");
    expect(text).not.toContain("shop");
    const { text: none } = await site(await stocked(), viewerOf()).get("/findings?text=nowhere");
    expect(words(none)).toContain("No finding matches");
  });
});

describe("one finding", () => {
  test("what it is, what to do, where it stands, what became of it, and a waiver that is valid as it is", async () => {
    const { text } = await site(await stocked(), viewerOf()).get(`/findings/acme/shop/${A.fingerprint}`);
    const shown = words(text);
    expect(shown).toContain("Do without eval .");
    expect(shown).toMatch(/Found \d{4}-.* UTC · in #12 at/);
    const [, block = ""] = /aria-label="Waiver"><code>([^<]+)</.exec(text) ?? [];
    expect(parseWaivers(`version: 1\nwaivers:\n${block}\n`)).toMatchObject({
      ok: true,
      waivers: [{ fingerprint: A.fingerprint, rule: "sast/eval", owner: "ada" }],
    });
  });

  test.each([
    ["of nobody's knowledge", "/findings/acme/shop/".concat("0".repeat(64))],
    ["no fingerprint", "/findings/acme/shop/x"],
    ["of another repository", `/findings/acme/bank/${A.fingerprint}`],
  ])("%s is not there", async (_, path) => {
    expect((await site(await stocked(), viewerOf()).get(path)).status).toBe(404);
  });

  test("in a repository that the viewer does not see is one that is not there", async () => {
    const pages = site(await stocked(), viewerOf({ sees: [BANK] }));
    const unseen = await pages.get(`/findings/acme/shop/${A.fingerprint}`);
    const absent = await pages.get(`/findings/acme/shop/${"0".repeat(64)}`);
    expect([unseen.status, words(unseen.text)]).toEqual([404, words(absent.text)]);
    expect((await pages.get("/pulls/acme/shop/12/scans")).status).toBe(404);
  });
});

test("a pull request shows its scans with what they found; what is not completed is no pass", async () => {
  const pages = site(await stocked(), viewerOf());
  const { text } = await pages.get("/pulls/acme/shop/12");
  expect(text).toContain('href="/findings?repository=acme%2Fshop&amp;pull=12&amp;kind=sast"');
  expect(words(text)).toContain("sast Completed 1 new: 1 critical · 1,342 known · 1 waived · Run of sast on GitHub");
  const { text: all } = await pages.get("/pulls/acme/shop/12/scans");
  expect(words(all)).toContain("Failed: not a pass The tool crashed.");
  expect(words(all)).toContain("Queued It waits for the preview. Nothing reported yet");
  expect(words(all)).toContain("Of one file only the beginning was looked at.");
});

test("reports that were refused are counted; agents have their wave plan", async () => {
  const town = await village();
  await town.judged(SHOP, 12);
  const task = (id: string, after: { task: string; because: string }[] = []) => ({
    ...{ id, rule: "agents/port-conflict", path: "agents/start.yaml", findings: 2, score: 36, restart: true, after },
  });
  const waves = [
    { number: 1, tasks: [task("T1")] },
    { number: 2, tasks: [task("T2", [{ task: "T1", because: "its ports must be settled first" }])] },
  ];
  await scanned(town, SHOP, 12, [report([], { kind: "agents", sha: shaOf(12), plan: { waves, notes: [] } })]);
  const refused = { type: "scan_report_refused", subject: `scan/7/42/${shaOf(12)}`, atMs: 1 };
  await town.deps.engine.ledger.append("repository/7/42", [
    { ...refused, id: "1", data: { kind: "agents", why: "wrong-nonce" } },
    { ...refused, id: "2", data: { kind: "agents", why: "wrong-nonce" } },
  ]);
  const { text } = await site(town, viewerOf()).get("/pulls/acme/shop/12/scans");
  expect(words(text)).toContain("2 reports were refused: 2 wrong-nonce");
  expect(words((await site(town, viewerOf()).get("/pulls/acme/shop/12")).text)).toContain(
    "Refused a report of the scan agents : wrong-nonce",
  );
  expect(words(text)).toMatch(/Wave 1 T1 .* Wave 2 T2 .*After T1 : its ports must be settled first/);
});

test("waivers by repository: state, last day, what they cover; a broken file says that nothing is waived", async () => {
  const town = await stocked();
  town.clock.advance(Date.parse("2026-12-01T00:00:00Z") - town.clock.now());
  const { until: expires, ...own } = EVAL;
  await waivers(town, SHOP, [{ ...own, rule: "sast/eval", path: "src/w.js", expires }]);
  await waivers(town, BANK, [], { broken: [{ line: 2, column: 1, message: "no `version`" }] });
  const { text } = await site(town, viewerOf()).get("/waivers");
  expect(words(text)).toContain(
    "sast/eval in src/w.js It goes in spring. acme/sre line 4 In use 2027-01-31 1 finding #12",
  );
  expect(words(text)).toContain(
    "cannot be read: until it is repaired nothing is waived. line 2, column 1: no `version`",
  );
  expect(words((await site(town, viewerOf()).get("/waivers?repository=acme/bank")).text)).not.toContain(
    "It goes in spring",
  );
});
