import { expect, test } from "vitest";
import { readControlMap } from "../../../src/config/controls.ts";
import { complianceView } from "../../../src/portal/views/compliance.ts";
import { finding, scan } from "../../policies/inputs.ts";
import { BANK, SHOP, shaOf, type Village, viewerOf, village } from "../views/village.ts";
import { site, words } from "./site.ts";

const AUDITOR = { roles: ["reader", "auditor"] };
const OPERATOR = { roles: ["reader", "operator"] };

/** One decision that denies, one that waits for a review, one that lets through; and one of another repository. */
async function decided(): Promise<Village> {
  const town = await village();
  await town.judged(SHOP, 1, { scans: [{ ...scan("secrets", [finding("critical")]), sha: shaOf(1) }] });
  await town.judged(SHOP, 2, { approvals: [] });
  await town.judged(SHOP, 3);
  await town.judged(BANK, 4, { approvals: [] });
  return town;
}

test.each([AUDITOR, OPERATOR])("says for each control what its rules said, and which have none", async (role) => {
  const { status, text } = await site(await decided(), viewerOf({ ...role, sees: [SHOP] })).get("/compliance");
  expect(status).toBe(200);
  const read = words(text);
  expect(read).toContain("This maps checks to controls. It certifies nothing.");
  expect(read).toContain("Decisions in shadow mode are counted as well, and block nothing.");
  expect(read).toMatch(/Decisions 3 in 30 days, of 1 repository/);
  expect(read).toMatch(
    /RA-5 Vulnerabilities are looked for .*no-critical-findings 1 denied.* 1 denied, 0 waited, 2 raised nothing/,
  );
  expect(read).toMatch(/AC-5 Duties are separated approvals 1 waited .* 0 denied, 1 waited, 2 raised nothing never/);
  expect(read).toMatch(/Gaps .*SC-28 Information at rest is protected/);
});

test("has a page for each framework, and none for another", async () => {
  const pages = site(await decided(), viewerOf(AUDITOR));
  const { text } = await pages.get("/compliance?framework=hipaa");
  expect(words(text)).toMatch(/164\.308\(a\)\(1\)\(ii\)\(B\) Risks are brought down/);
  expect(words(text)).toContain("Denials name their controls by another map.");
  expect((await pages.get("/compliance?framework=soc2")).status).toBe(404);
});

test.each([
  [viewerOf(), 403],
  [viewerOf(AUDITOR), 200],
  [viewerOf(OPERATOR), 200],
])("takes a role", async (viewer, status) => {
  expect((await site(await village(), viewer).get("/compliance")).status).toBe(status);
});

test("counts a decision once for each control, as denied where it is both, and only what is audited or operated", async () => {
  const town = await decided();
  await town.judged(SHOP, 5, {
    scans: [{ ...scan("secrets", [finding("critical"), finding("high")]), sha: shaOf(5) }],
    approvals: [],
  });
  const view = await complianceView(town.deps, viewerOf({ ...AUDITOR, sees: [SHOP] }), undefined);
  const control = (id: string) => view?.covered.find((one) => one.id === id);
  expect(control("RA-5")).toMatchObject({ denied: 2, waited: 0, raisedNothing: 2 });
  expect(control("CM-3")).toMatchObject({ denied: 0, waited: 2, raisedNothing: 2 });
  const nobody = await complianceView(town.deps, viewerOf({ roles: ["reader"] }), undefined);
  expect(nobody).toMatchObject({ decisions: 0, repositories: 0 });
});

test("what is older than 30 days is not counted", async () => {
  const town = await decided();
  await town.clock.advance(31 * 86_400_000);
  expect(await complianceView(town.deps, viewerOf(AUDITOR), undefined)).toMatchObject({
    decisions: 0,
    repositories: 2,
  });
});

test("words of a map of the operator's own are words", async () => {
  const town = await village();
  const map = readControlMap(
    'version: 1\nname: own\ntitle: "<b>Ours</b>"\nsource: "<i>x</i>"\ncontrols: { A-1: "<script>x</script>" }\nrules: {}\n',
  );
  if ("problems" in map) throw new Error(map.problems.join());
  town.deps.controls = { all: [map], chosen: [map] };
  const { text } = await site(town, viewerOf(AUDITOR)).get("/compliance");
  expect(text).toContain("&lt;script&gt;");
  expect(text).not.toMatch(/<script>x|<b>Ours|<i>x/);
});
