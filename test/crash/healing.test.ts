import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Stage, setStage, succeeded } from "../stage/stage.ts";
import { WITHIN_MS } from "../stage/within.ts";
import { answers, type CrashPoint, dieAndRestart, openPull, pushBranch, until } from "./crash-stage.ts";

vi.setConfig({ testTimeout: 60_000 });

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ environment: { HMS_RESYNC_INTERVAL: "1s" } });
  // GitHub told of the installation before the process was there.
  await healed();
});
afterAll(() => stage.close());

const POINTS: { what: string; point: CrashPoint }[] = [
  { what: "before a missed delivery is written down", point: { at: "records.put before", on: "healing/missed/" } },
  {
    what: "after it is written down that it is asked for, before it is",
    point: { at: "deliveries.redeliver before", on: "" },
  },
  {
    what: "after it was asked for, with others still to be asked",
    point: { at: "deliveries.redeliver after", on: "", skip: 1 },
  },
  { what: "after it came again, before it is let go", point: { at: "records.delete before", on: "healing/missed/" } },
];

test.each(POINTS)("killed $what: healed by the next start, and nothing done twice", async ({ what, point }) => {
  const branch = `healed-${what.replace(/\W+/g, "-")}`;
  const sha = await pushBranch(stage, branch);
  const pull = await openPull(stage, branch);
  await stage.check(sha, "hms/gate", succeeded);
  // One that is on its way when the process ends would be missed as well, and found by the one that is to die later.
  await stage.github.deliveriesSettled();
  await dieAndRestart(stage, point, async () => {
    stage.github.failDeliveries(stage.app, { count: 4 });
    for (const text of ["one", "two", "three", "/hms why"])
      stage.github.comment(stage.repository, pull.number, { author: "ada", body: text });
  });
  await healed();
  expect(answers(stage, pull.number)).toHaveLength(1);
});

async function healed(): Promise<void> {
  await until(
    WITHIN_MS,
    async () =>
      lost().length === 0 &&
      /^hms_recovery_seconds_count [1-9]/m.test(await (await fetch(`${stage.hms.url}/metrics`)).text()),
    () => `not healed\n${stage.hms.output().slice(-4000)}`,
  );
}

/** Guids of which no attempt was taken. */
function lost(): string[] {
  const all = stage.github.deliveries(stage.app);
  const taken = new Set(all.filter((one) => one.outcome?.statusCode === 202).map((one) => one.guid));
  return [...new Set(all.map((one) => one.guid))].filter((guid) => !taken.has(guid));
}
