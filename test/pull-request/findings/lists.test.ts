import { expect, test } from "vitest";
import { inParts, listed, sortedReport } from "../../../src/pull-request/findings/lists.ts";
import { many, report } from "../../portal/views/findings-scene.ts";

/** Turns of the event loop that others have while `work` goes on. */
async function turnsBeside(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let next = setImmediate(function turn() {
    turns++;
    next = setImmediate(turn);
  });
  await work();
  clearImmediate(next);
  return turns;
}

test("while many findings are sorted and cut into parts, others have their turns", async () => {
  const findings = many(20_000);
  expect(await turnsBeside(() => sortedReport(report(findings)))).toBeGreaterThanOrEqual(30);
  const kept = findings.map((one) => listed(one, one.location.commit, 0));
  expect(await turnsBeside(() => inParts("sast", "new", kept))).toBeGreaterThanOrEqual(15);
});

test("however many there are, each is in one part, in order", async () => {
  const [sorted] = (await sortedReport(report(many(2_500).reverse()))).lists;
  const parts = await inParts("sast", "new", sorted?.findings.map((one) => listed(one, one.location.commit, 0)) ?? []);
  const names = parts.flatMap(({ findings }) => findings.map(({ location }) => location.path));
  expect(names).toEqual(many(2_500).map(({ location }) => location.path));
});
