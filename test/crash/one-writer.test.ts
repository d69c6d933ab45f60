import { afterAll, beforeAll, expect, test } from "vitest";
import { startHms } from "../stage/process.ts";
import { type Stage, setStage, succeeded } from "../stage/stage.ts";
import { WITHIN_MS } from "../stage/within.ts";
import { conclusionsAt, openPull, pushBranch, queueStates, until } from "./crash-stage.ts";

const CHILD = new URL("slow-holder-child.ts", import.meta.url).pathname;

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ withoutHms: true });
});
afterAll(() => stage.close());

test("a holder that was too slow does not write any more once another run has its key", async () => {
  stage.hms = await startHms(stage.environment, { program: CHILD });
  const sha = await pushBranch(stage, "slow");
  await openPull(stage, "slow");
  await stage.check(sha, "hms/gate", succeeded);
  await until(
    WITHIN_MS,
    () => stage.hms.output().includes("the slow holder goes on"),
    () => "the slow holder never went on",
  );
  await until(
    WITHIN_MS,
    async () => (await queueStates(stage)).leased === 0,
    () => "keys are still leased",
  );
  // Ends the process, and with it whatever of the slow holder is still under way.
  await stage.restart("SIGTERM");
  expect(await conclusionsAt(stage, sha)).toEqual({ "hms/gate": ["success"], "hms/scan/secrets": ["success"] });
});
