import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../stage/free-port.ts";
import { startHms } from "../stage/process.ts";
import { type Stage, setStage, succeeded } from "../stage/stage.ts";
import { WITHIN_MS } from "../stage/within.ts";
import { conclusionsAt, idle, noticed, openPull, pushBranch, until } from "./crash-stage.ts";

const CHILD = new URL("full-disk-child.ts", import.meta.url).pathname;
const ONCE_GREEN = { "hms/gate": ["success"], "hms/scan/secrets": ["success"] };

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

const readiness = async (): Promise<number> => (await fetch(`${stage.hms.url}/readyz`)).status;

test("a second process on the same file refuses to start, and the first one goes on", async () => {
  const second = await startHms(
    { ...stage.environment, PORT: String(await freePort()), HMS_DATA_DIR: stage.environment.HMS_DATA_DIR ?? "" },
    { dontWait: true },
  );
  const code = await second.exited;
  expect(code).not.toBe(0);
  expect(typeof code).toBe("number");
  expect(second.output()).toContain("another process uses this database");
  const sha = await pushBranch(stage, "first-goes-on");
  await openPull(stage, "first-goes-on");
  await stage.check(sha, "hms/gate", succeeded);
});

test("a full disk: not ready, 503 to webhooks, nothing accepted is lost, over by itself when there is room", async () => {
  await idle(stage);
  await stage.restart("SIGTERM", {}, { program: CHILD });
  await idle(stage);
  const shas = new Map<string, string>();
  const open = async (branch: string): Promise<number | undefined> => {
    shas.set(branch, await pushBranch(stage, branch));
    await openPull(stage, branch);
    await stage.github.deliveriesSettled();
    return stage.github.deliveries(stage.app).findLast((one) => one.event === "pull_request")?.outcome?.statusCode;
  };
  const { path, arrived } = noticed(/\/check-runs$/);
  stage.github.fault({ method: "POST", path, delayMs: 1000, times: 1 });
  expect(await open("before-full")).toBe(202);
  await arrived;
  process.kill(stage.hms.pid, "SIGUSR2");
  await until(
    WITHIN_MS,
    async () => (await readiness()) === 503,
    () => "still ready on a full disk",
  );
  // What was accepted may still fit into free pages: the store is full for good when a delivery is refused.
  const accepted: string[] = [];
  let refused: string | undefined;
  for (let n = 0; n < 200 && refused === undefined; n++) {
    const status = await open(`on-full-${n}`);
    if (status === 202) accepted.push(`on-full-${n}`);
    else {
      expect(status).toBe(503);
      refused = `on-full-${n}`;
    }
  }
  expect(refused).toBeDefined();
  expect((await fetch(`${stage.hms.url}/healthz`)).status).toBe(200);
  process.kill(stage.hms.pid, "SIGUSR2");
  await until(
    WITHIN_MS,
    async () => (await readiness()) === 200,
    () => "not ready although there is room again",
  );
  const failed = stage.github.deliveries(stage.app).filter((one) => one.outcome?.statusCode === 503);
  for (const branch of ["before-full", ...accepted]) {
    await stage.check(shas.get(branch) ?? "", "hms/gate", succeeded);
  }
  for (const { id } of failed) stage.github.redeliver(id);
  await stage.check(shas.get(refused ?? "") ?? "", "hms/gate", succeeded);
  await idle(stage);
  for (const sha of shas.values()) expect(await conclusionsAt(stage, sha)).toEqual(ONCE_GREEN);
});
