import { expect, test } from "vitest";
import { storageKey } from "../../../src/model/storage-key.ts";
import type { InstallationState, RepositoryState } from "../../../src/ports/life-cycle.ts";
import { type Village, viewerOf, village } from "../views/village.ts";
import { site, words } from "./site.ts";

const operator = viewerOf({ roles: ["reader", "operator"] });
/** Operates the repositories of one owner. */
const operatorOf = (wanted: string) => ({
  ...operator,
  has: (role: string, owner = wanted) => role === "reader" || (role === "operator" && owner === wanted),
});

async function become(town: Village, state: Partial<InstallationState>): Promise<void> {
  const whole = {
    installationId: 7,
    owner: "acme",
    status: "active",
    sinceMs: town.clock.now(),
    lacking: [],
    ...state,
  };
  await town.deps.engine.records.put(storageKey.installationState(whole.installationId), whole);
}

async function lost(town: Village, state: Partial<RepositoryState>): Promise<void> {
  const atMs = town.clock.now();
  const whole = { installationId: 7, repositoryId: 44, name: "acme/old", found: "deleted", sinceMs: atMs, ...state };
  await town.deps.engine.records.put(storageKey.repositoryState(whole.installationId, whole.repositoryId), whole);
}

const said = async (town: Village, who = operator) => words((await site(town, who).get("/installations")).text);

test.each<[Partial<InstallationState>, RegExp]>([
  [{ status: "active" }, /acme installation 7 Active Nothing\. 2 repositories that you see/],
  [
    { status: "permissions-lacking", lacking: ["checks: write", "members: read"] },
    /Permission missing .*Missing: checks: write , members: read .*Have an owner of the organisation accept/,
  ],
  [{ status: "suspended" }, /Suspended .*suspended the App.*Unsuspend the App/],
  [{ status: "quarantined" }, /Quarantined .*none of HMS_ALLOWED_OWNERS.*Add the owner to HMS_ALLOWED_OWNERS/],
  [{ status: "uninstalled" }, /Uninstalled The App was removed there/],
])("says what has become of an installation, what it means and what to do: %j", async (state, expected) => {
  const town = await village();
  await become(town, state);
  town.clock.advance(3 * 3_600_000);
  const text = await said(town);
  expect(text).toMatch(expected);
  expect(text).toContain("3 h ago");
});

test("an installation that nobody has looked at yet says so", async () => {
  expect(await said(await village())).toMatch(/acme installation 7 Not looked at yet .*Wait for the next sweep/);
});

test("one that was removed before its owner was read is its repositories' owner's", async () => {
  const town = await village();
  await become(town, { status: "uninstalled", owner: "" });
  expect(await said(town, operatorOf("acme"))).toMatch(/acme installation 7 Uninstalled/);
});

test.each<[RepositoryState["status"], RegExp]>([
  ["unlisted", /acme\/old Not listed .*second look/],
  ["deleted", /acme\/old Deleted Its ledger stays/],
  ["removed", /acme\/old Taken out .*Add it in the App\S+ settings/],
  ["transferred", /acme\/old Transferred .*another owner/],
])("a repository that is %s is listed with what it means", async (status, expected) => {
  const town = await village();
  await become(town, {});
  await lost(town, { status });
  expect(await said(town)).toMatch(expected);
});

test("GitHub's limits with their reset, what is paused, and that GitHub does not answer", async () => {
  const town = await village();
  const nowMs = town.clock.now();
  await become(town, { status: "suspended" });
  await town.deps.engine.queue.pause(7, nowMs + 86_400_000);
  const limits = { installationId: 7, points: 31, concurrent: 2, closedUntilMs: nowMs + 90_000 };
  const quota = { limit: 5000, remaining: 17, resetAtMs: nowMs + 600_000 };
  town.deps.limits = () => [{ ...limits, quota }];
  town.deps.waitsUntilMs = () => nowMs + 5_000;
  const moment = (ms: number) => new Date(nowMs + ms).toISOString().slice(0, 19).replace("T", " ");
  const text = await said(town);
  expect(text).toContain(`Paused until ${moment(86_400_000)} UTC`);
  expect(text).toContain(`GitHub asked to wait until ${moment(90_000)} UTC`);
  expect(text).toContain(`17 of 5000 calls left full again ${moment(600_000)} UTC`);
  expect(text).toContain("31 points in the last minute, 2 under way");
  expect(text).toContain(
    `GitHub does not answer. Nothing is lost: all work waits, and GitHub is asked again at ${moment(5_000)}`,
  );
  town.deps.limits = () => [{ ...limits, points: 0, concurrent: 0, quota }];
  town.clock.advance(700_000);
  const later = await said(town);
  expect(later).not.toMatch(/17 of 5000|asked to wait|points|under way/);
});

test("only installations whose owner the operator operates, and nothing of the others' repositories", async () => {
  const town = await village();
  await become(town, {});
  await become(town, { installationId: 8, owner: "rival", status: "suspended" });
  await lost(town, { installationId: 8, repositoryId: 9, name: "rival/secret", status: "deleted" });
  const own = await said(town, operatorOf("acme"));
  expect(own).toContain("acme installation 7");
  expect(own).not.toContain("rival");
  const theirs = await said(town, operatorOf("rival"));
  expect(theirs).toMatch(/rival installation 8 Suspended.*rival\/secret Deleted/);
  expect(theirs).not.toContain("acme");
  expect((await site(town, viewerOf()).get("/installations")).status).toBe(403);
  expect(await said(town, operatorOf("nobody"))).toContain("No installation yet");
});

test("the worst comes first, and names are escaped", async () => {
  const town = await village();
  await become(town, {});
  await become(town, { installationId: 9, owner: "zeta", status: "suspended", lacking: ["<script>: write"] });
  await lost(town, { installationId: 9, name: "zeta/<script>", status: "deleted" });
  const { text } = await site(town, operator).get("/installations");
  expect(text.indexOf("zeta")).toBeLessThan(text.indexOf("acme"));
  expect(text).not.toMatch(/<script>/);
});
