import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startHms } from "../stage/process.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { answers, concluded, gauge, idle, metrics, newRepository, type OpenedPull, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 30_000 });

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ environment: { HMS_RESYNC_INTERVAL: "5s" } });
  // GitHub told of the installation before the process was there.
  await recovered();
});
afterAll(() => stage.close());

const OUTAGE = 200;

/** Guids that GitHub never handed over, among the deliveries after the first `skip`. */
function lost(skip: number): string[] {
  const all = stage.github.deliveries(stage.app);
  const taken = new Set(all.filter((one) => one.outcome?.statusCode === 202).map((one) => one.guid));
  return [...new Set(all.slice(skip).map((one) => one.guid))].filter((guid) => !taken.has(guid));
}

const recovered = () =>
  until(stage, "the outage is over", async () => gauge(await metrics(stage), "hms_recovery_seconds_count") > 0);

test("lost on the way while the process is up, a command among them: answered without a restart", async () => {
  const repository = await newRepository(stage);
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success");
  await idle(stage);
  stage.github.failDeliveries(stage.app, { count: 3 });
  for (const text of ["first", "second"]) stage.github.comment(repository, pull.number, { author: "ada", body: text });
  stage.github.comment(repository, pull.number, { author: "ada", body: "/hms why" });
  await until(stage, "the command is answered", () => answers(stage, pull).length > 0);
  await idle(stage);
  expect(answers(stage, pull)).toHaveLength(1);
});

test("200 deliveries dropped while the process was down: asked for again, taken once, all done", async () => {
  const repository = await newRepository(stage);
  await idle(stage);
  await until(stage, "nothing is left of what was missed before", async () => {
    const text = await metrics(stage);
    const count = (result: string) => gauge(text, `hms_missed_deliveries_total{result="${result}"}`);
    return count("healed") === count("missed") && gauge(text, "hms_recovery_seconds_count") === 2;
  });
  await stage.hms.kill("SIGKILL");
  const before = stage.github.deliveries(stage.app).length;
  const pulls: OpenedPull[] = [];
  for (let i = 0; i < 10; i++) pulls.push(await openPull(stage, repository));
  for (let i = 0; stage.github.deliveries(stage.app).length - before < OUTAGE - pulls.length; i++)
    stage.github.comment(repository, pulls[i % pulls.length]?.number ?? 0, { author: "ada", body: "Looks good." });
  for (const pull of pulls) stage.github.comment(repository, pull.number, { author: "ada", body: "/hms why" });
  await stage.github.deliveriesSettled();
  expect(lost(before)).toHaveLength(OUTAGE);
  const startedMs = Date.now();
  const sinceStart = () => `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
  stage.hms = await startHms(stage.environment);
  for (const pull of pulls) await concluded(stage, pull, "success");
  const gated = sinceStart();
  for (const pull of pulls) await until(stage, "the command is answered", () => answers(stage, pull).length === 1);
  const answered = sinceStart();
  // GitHub's limit on writes lets 160 a minute through.
  await vi.waitUntil(() => lost(before).length === 0, { timeout: 150_000, interval: 250 });
  await recovered();
  for (const pull of pulls) expect(answers(stage, pull)).toHaveLength(1);
  const text = await metrics(stage);
  const seconds = gauge(text, "hms_recovery_seconds_sum");
  expect(seconds).toBeGreaterThan(0);
  expect(gauge(text, 'hms_missed_deliveries_total{result="healed"}')).toBe(OUTAGE);
  // Once each: what had come was not asked for a second time.
  expect(gauge(text, 'hms_missed_deliveries_total{result="asked"}')).toBe(OUTAGE);
  expect(stage.hms.output()).toMatch(/"missed":200,"seconds":[\d.]+,"msg":"recovered from an outage"/);
  const all = `${OUTAGE} dropped deliveries healed ${seconds.toFixed(1)} s after the start`;
  process.stdout.write(`${all}; gates by ${gated}, commands answered by ${answered}\n`);
});
