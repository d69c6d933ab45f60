import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import type { PreviewRecord } from "../../../src/model/preview.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import type { Engine } from "../../../src/ports/engine.ts";
import { leaveSlot, takeSlot } from "../../../src/pull-request/preview/slots.ts";
import { temporaryPath } from "../../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../../contract/settable-clock.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await openSqlite({ path: temporaryPath(), clock: new SettableClock() });
  onTestFinished(() => engine.close());
});

const key = (number: number) => ({ kind: "preview", installationId: 1, repositoryId: 2, number }) as const;
const take = (number: number, max = 1, queuedAtMs = number) => takeSlot(engine, key(number), { max, queuedAtMs });

/** What a run writes down of one that waits. */
async function waits(number: number, change: Partial<PreviewRecord> = {}): Promise<void> {
  const record = { state: "queued", queuedAtMs: number, reasons: [], parts: [], made: [], ...change };
  await engine.records.put(storageKey.preview(1, 2, number), record);
}

describe("a repository's places", () => {
  test("are given once, and kept by whoever has one", async () => {
    expect(await take(1)).toEqual({ granted: true });
    expect(await take(1)).toEqual({ granted: true });
    expect(await take(2)).toEqual({ position: 1 });
  });

  test("stay with those who have them when the limit becomes smaller", async () => {
    for (const number of [1, 2]) expect(await take(number, 2)).toEqual({ granted: true });
    expect(await take(2, 1)).toEqual({ granted: true });
    await leaveSlot(engine, key(1));
    expect(await take(3, 1)).toEqual({ position: 1 });
  });

  test("are never more than the limit, whoever asks at the same time", async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, at) => take(at + 1, 5)));
    expect(answers.filter((answer) => "granted" in answer)).toHaveLength(5);
  });

  test("go to those first who have waited longest", async () => {
    await take(1);
    await waits(5, { position: 1, queuedAtMs: 10 });
    await waits(4, { position: 2, queuedAtMs: 20 });
    expect(await take(4, 1, 20)).toEqual({ position: 2 });
    await leaveSlot(engine, key(1));
    expect(await take(4, 1, 20)).toEqual({ position: 2 });
    expect(await take(5, 1, 10)).toEqual({ granted: true });
  });

  test("are not held up by one that waits for something else, such as its image", async () => {
    await waits(1, { reasons: [{ cause: "image", message: "not there yet", awaits: "machines" }] });
    expect(await take(2)).toEqual({ granted: true });
  });

  test("are each repository's own", async () => {
    await take(1);
    expect(await takeSlot(engine, { ...key(1), repositoryId: 3 }, { max: 1, queuedAtMs: 0 })).toEqual({
      granted: true,
    });
  });
});

test("whoever leaves calls those who wait, once", async () => {
  await take(1);
  await waits(2, { position: 1 });
  await waits(3, { position: 2 });
  await leaveSlot(engine, key(1));
  const called: string[] = [];
  for (;;) {
    const lease = await engine.queue.lease(1_000);
    if (!lease) break;
    called.push(lease.key);
    await engine.queue.settle(lease, { kind: "done" });
  }
  expect(called.sort()).toEqual(["preview/1/2/2", "preview/1/2/3"]);
  await leaveSlot(engine, key(1));
  expect(await engine.queue.lease(1_000)).toBeUndefined();
});
