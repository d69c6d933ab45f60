import { expect, test } from "vitest";
import { findingCursor } from "../../../src/portal/api/cursor.ts";
import { finding, many, report, scanned, waivers } from "../views/findings-scene.ts";
import { BANK, SHOP, shaOf, viewerOf, village } from "../views/village.ts";
import { client } from "./client.ts";

const EVAL = { reason: "It goes in spring.", owner: "acme/sre", until: "2027-01-31", line: 4 };

async function stocked() {
  const town = await village();
  await town.judged(SHOP, 12);
  const block = {
    ...{ issue: "i", solution: "s", steps: ["1"], tests: ["t"], rollback: "r" },
    ...{ dependencies: [], risks: "r", success: "s" },
  };
  const task = { id: "T1", rule: "agents/x", path: "a.yaml", findings: 1, score: 9, restart: false, after: [] };
  await scanned(town, SHOP, 12, [
    report([finding("a", { severity: "critical" }), finding("w", { waiver: EVAL }), ...many(120)], { sha: shaOf(12) }),
    report([finding("b", { rule: "agents/x", block })], {
      ...{ kind: "agents" as const, sha: shaOf(12), plan: { waves: [{ number: 1, tasks: [task] }], notes: ["n"] } },
    }),
    { kind: "iac", status: "unknown", sha: shaOf(12), reason: "It crashed.", cause: "failed" },
  ]);
  const { until: expires, ...own } = EVAL;
  await waivers(town, SHOP, [{ ...own, rule: "sast/eval", path: "src/w.js", expires }]);
  return town;
}

test("pages of findings hold each once, and their answers are as described", async () => {
  const { deps } = await stocked();
  const api = await client(deps, viewerOf());
  const items: { fingerprint: string }[] = [];
  let cursor = "";
  for (let pages = 0; pages < 10; pages++) {
    const { status, body } = await api.ask("GET", `/findings?limit=50${cursor}`);
    expect(status).toBe(200);
    const page = body as { items: { fingerprint: string }[]; next?: string };
    items.push(...page.items);
    if (page.next === undefined) break;
    cursor = `&cursor=${page.next}`;
  }
  expect(new Set(items.map((one) => one.fingerprint)).size).toBe(123);
  expect(items).toHaveLength(123);
  expect(items[0]).toMatchObject({ severity: "critical", state: "new", pulls: [{ number: 12, state: "new" }] });
});

test.each([
  ["?severity=terrible", "parameter-refused"],
  ["?kind=guess", "parameter-refused"],
  ["?state=gone", "parameter-refused"],
  ["?pull=0", "parameter-refused"],
  ["?cursor=x", "cursor-refused"],
  [`?cursor=${findingCursor("9\0acme/shop\x007\0")}`, "cursor-refused"],
])("%s is refused", async (query, code) => {
  const api = await client((await stocked()).deps, viewerOf());
  expect((await api.ask("GET", `/findings${query}`)).body).toMatchObject({ code });
});

test("a cursor that somebody made up shows no repository that they do not see", async () => {
  const api = await client((await stocked()).deps, viewerOf({ sees: [BANK] }));
  const cursor = findingCursor("0\0acme/shop\x007\0a\0b\0c");
  expect((await api.ask("GET", `/findings?cursor=${cursor}`)).body).toEqual({ items: [] });
});

test("one finding, the scans of its pull request, and the waivers, as described", async () => {
  const api = await client((await stocked()).deps, viewerOf({ login: "o'hara; rm" }));
  const agents = finding("b", { rule: "agents/x" }).fingerprint;
  expect((await api.ask("GET", `/findings/acme/shop/${agents}`)).body).toMatchObject({
    standing: true,
    block: { issue: "i" },
    history: [{ what: "found", number: 12 }],
    waiver: expect.stringMatching(/fingerprint: [0-9a-f]{64}\n {4}rule: agents\/x\n.*\n {4}owner: your-login/),
  });
  expect((await api.ask("GET", "/pulls/acme/shop/12/scans")).body).toMatchObject({
    scans: [
      {
        kind: "sast",
        status: "completed",
        counts: expect.arrayContaining([{ state: "new", severity: "critical", findings: 1 }]),
      },
      { kind: "agents", plan: { waves: [{ number: 1 }] } },
      { kind: "iac", status: "unknown", cause: "failed", counts: [] },
    ],
  });
  expect((await api.ask("GET", "/waivers")).body).toMatchObject({
    items: [{ repository: "shop", waivers: [{ owner: "acme/sre", line: 4, findings: 1, pulls: [12] }] }],
  });
});

test.each([`/findings/acme/shop/${finding("a").fingerprint}`, "/pulls/acme/shop/12/scans"])(
  "%s is not there for who does not see the repository",
  async (path) => {
    const api = await client((await stocked()).deps, viewerOf({ sees: [BANK] }));
    expect(await api.ask("GET", path)).toMatchObject({ status: 404, body: { code: "not-found" } });
    expect((await api.ask("GET", "/waivers")).body).toEqual({ items: [] });
  },
);
