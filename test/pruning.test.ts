import { expect, onTestFinished, test } from "vitest";
import { openSqlite } from "../src/adapters/sqlite/engine.ts";
import { storageKey } from "../src/model/storage-key.ts";
import { pruneRecords } from "../src/pruning.ts";
import { temporaryPath } from "./adapters/sqlite/temporary-path.ts";
import { SettableClock } from "./contract/settable-clock.ts";

const DAY_MS = 24 * 3_600_000;
const sha = (digit: string) => digit.repeat(40);
const [HEAD, EARLIER, OVER] = [sha("a"), sha("b"), sha("c")];

const passing = (installationId: number, number: number, commit: string): string[] => [
  storageKey.pusher(installationId, 2, commit, { branch: "main" }),
  storageKey.pusher(installationId, 2, commit, { pull: number }),
  storageKey.headBase(installationId, 2, number, commit),
  storageKey.change(installationId, 2, commit, "release/1"),
  storageKey.sameChange(installationId, 2, OVER, commit, "main"),
  storageKey.check(installationId, 2, commit, "hms/gate"),
  storageKey.scan(installationId, 2, "secrets", "r1", commit),
  storageKey.placed(installationId, 2, "secrets", "r1", commit),
  storageKey.group(installationId, 2, commit),
  storageKey.groupEnded(installationId, 2, commit),
  storageKey.groupMember(installationId, 2, number, commit),
  storageKey.pushed(installationId, 2, commit),
  storageKey.findings(installationId, 2, number),
  storageKey.findingsPart(installationId, 2, number, commit.slice(0, 32)),
];
const announced = (commit: string): string => storageKey.qualityAnnounced(commit, "shop");
const lasting = [
  storageKey.repository(1, 2),
  storageKey.hold(1, 2, 4),
  storageKey.override(1, 2, 4, OVER, "approvals", 9),
  storageKey.okToTest(1, 2, 4),
  storageKey.onboarding(1, 2),
  storageKey.installationState(1),
  storageKey.repositoryState(1, 2),
  storageKey.organisationFile(1),
  storageKey.session("abc"),
  storageKey.waivers(1, 2),
];
/** What became of a finding is told for as long as its waiver may hold, and longer. */
const history = storageKey.finding(1, 2, "f".repeat(64));

async function pruned(afterDays: number): Promise<{ before: string[]; left: string[] }> {
  const clock = new SettableClock();
  const engine = await openSqlite({ path: temporaryPath(), clock });
  onTestFinished(() => engine.close());
  const { records } = engine;
  await records.put(storageKey.pull(1, 2, 3), { state: "open", headSha: HEAD });
  await records.put(storageKey.pull(1, 2, 4), { state: "closed", headSha: OVER });
  const others = [storageKey.merged(1, 2, 4), storageKey.revoked(9), announced(EARLIER), announced(OVER)];
  // Another installation's records are none of that pull request's, whatever commit they are about.
  for (const key of [...passing(1, 3, HEAD), ...passing(1, 3, EARLIER), ...passing(1, 4, OVER), ...passing(5, 3, HEAD)])
    await records.put(key, {});
  for (const key of [...others, announced(HEAD), ...lasting, history]) await records.put(key, {});
  const keys = async () => (await records.list("")).map(({ key }) => key);
  const before = await keys();
  clock.advance(afterDays * DAY_MS);
  await pruneRecords(records);
  return { before, left: await keys() };
}

test("after 29 days everything is there still", async () => {
  const { before, left } = await pruned(29);
  expect(left).toEqual(before);
});

test.each([
  [31, [storageKey.pull(1, 2, 4), history]],
  [91, [history]],
  [366, []],
])("after %i days what an open pull request needs is left, and what people asked for", async (days, closed) => {
  const { left } = await pruned(days);
  const open = [storageKey.pull(1, 2, 3), announced(HEAD), ...passing(1, 3, HEAD), ...passing(1, 3, EARLIER)];
  expect(left).toEqual([...new Set([...open, ...closed, ...lasting])].sort());
});
