import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { atMostEvery } from "../../src/portal/at-most-every.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("many askers, at once and within the second after its end, share one call; then it is asked again", async () => {
  const work = vi.fn(async () => "written");
  const ask = atMostEvery(1000, work);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual(["written", "written", "written"]);
  await vi.advanceTimersByTimeAsync(900);
  await ask();
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(200);
  await ask();
  expect(work).toHaveBeenCalledTimes(2);
});

test("a failure is shared as well, and no longer", async () => {
  const work = vi.fn().mockRejectedValueOnce(new Error("full")).mockResolvedValue("written");
  const ask = atMostEvery(1000, work);
  await expect(ask()).rejects.toThrow("full");
  await expect(ask()).rejects.toThrow("full");
  await vi.advanceTimersByTimeAsync(1001);
  expect(await ask()).toBe("written");
});
