import { afterEach, expect, test } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import { WITHIN_MS } from "../stage/within.ts";
import { conclusionsAt, idle, noticed, openPull, pushBranch, until, within } from "./crash-stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const readiness = (): Promise<number | "closed"> =>
  fetch(`${stage.hms.url}/readyz`).then(
    (response) => response.status,
    () => "closed" as const,
  );

test("SIGTERM with work under way: finishes it, is not ready meanwhile, ends with 0, and the next start has the rest", async () => {
  stage = await setStage();
  const branches = Array.from({ length: 30 }, (_, n) => `drain-${n}`);
  const shas: string[] = [];
  for (const branch of branches) shas.push(await pushBranch(stage, branch));
  const { path, arrived } = noticed(/\/check-runs$/);
  stage.github.fault({ method: "POST", path, delayMs: 700 });
  for (const branch of branches) await openPull(stage, branch);
  await arrived;
  const ended = stage.hms.kill("SIGTERM");
  await until(
    WITHIN_MS,
    async () => (await readiness()) !== 200,
    () => "still ready although it was told to end",
  );
  expect(await within(30_000, ended, () => `still running\n${stage.hms.output().slice(-3000)}`)).toBe(0);
  expect(stage.hms.output()).not.toContain("cannot settle a run");
  expect(stage.hms.output()).not.toContain("the store is closed");
  stage.github.clearFaults();
  await stage.restart();
  await idle(stage);
  for (const sha of shas)
    expect(await conclusionsAt(stage, sha)).toEqual({ "hms/gate": ["success"], "hms/scan/secrets": ["success"] });
});
