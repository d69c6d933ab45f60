import { describe, expect, test } from "vitest";
import type { Bench } from "./engine-contract.ts";
import { acceptance, DAY_MS, drain, intent, TTL_MS } from "./queue-bench.ts";
import { queueCausesContract } from "./queue-causes-contract.ts";
import { queueOrderContract } from "./queue-order-contract.ts";
import { queuePauseContract } from "./queue-pause-contract.ts";
import { queueRunContract } from "./queue-run-contract.ts";

const KEY = "pull/1/2/3";

export function queueContract(bench: Bench): void {
  describe("queue", () => {
    acceptContract(bench);
    enqueueContract(bench);
    queueRunContract(bench);
    queuePauseContract(bench);
    queueOrderContract(bench);
    queueCausesContract(bench);
  });
}

function acceptContract(bench: Bench): void {
  test("a record of a late delivery replaces none that was written after it happened", async () => {
    const { engine, clock } = bench;
    const asOf = async (delivery: string, value: string, asOfMs?: number) => {
      const record = { key: "name", value, ...(asOfMs === undefined ? {} : { asOfMs }) };
      await engine.queue.accept({ ...acceptance(delivery, []), records: [record] });
      return (await engine.records.get("name"))?.value;
    };
    const longAgo = clock.now() - 3 * 24 * 3_600_000;
    expect(await asOf("d1", "absent before", longAgo)).toBe("absent before");
    expect(await asOf("d2", "of days ago", longAgo)).toBe("absent before");
    expect(await asOf("d3", "of a moment ago", clock.now() - 1_000)).toBe("of a moment ago");
    expect(await asOf("d4", "whenever")).toBe("whenever");
    await engine.records.delete("name");
    expect(await asOf("d5", "deleted before", longAgo)).toBe("deleted before");
  });

  test("an acceptance makes its keys, intents and records durable together", async () => {
    const { queue } = bench.engine;
    const asked = intent("comment/1", KEY);
    const keys = [KEY, "repository/1/2"];
    const records = [
      { key: "name", value: "old" },
      { key: "name", value: "new" },
    ];
    expect(await queue.accept({ ...acceptance("d1", keys), intents: [asked], records })).toBe("accepted");
    for (const open of [() => bench.engine, () => bench.reopen()]) {
      const engine = await open();
      expect(await engine.queue.stats()).toMatchObject({ ready: 2 });
      expect(await engine.queue.intents(KEY)).toEqual([asked]);
      expect((await engine.records.get("name"))?.value).toBe("new");
    }
  });

  test("a delivery id that was accepted before changes nothing: at once, later, after a restart", async () => {
    const first = acceptance("d1", [KEY]);
    const second = {
      ...acceptance("d1", ["installation/9"]),
      intents: [intent("comment/1", KEY)],
      records: [{ key: "name", value: 1 }],
    };
    const { queue } = bench.engine;
    expect(await Promise.all([queue.accept(first), queue.accept(second)])).toEqual(["accepted", "duplicate"]);
    expect(await queue.accept(second)).toBe("duplicate");
    const again = await bench.reopen();
    bench.clock.advance(8 * DAY_MS - 1);
    expect(await again.queue.accept(second)).toBe("duplicate");
    expect(await drain(again.queue)).toEqual([KEY]);
    expect(await again.queue.intents(KEY)).toEqual([]);
    expect(await again.records.get("name")).toBeUndefined();
    expect(await again.queue.accept(first)).toBe("duplicate");
    expect(await again.queue.lease(TTL_MS)).toBeUndefined();
  });

  test("knows the delivery ids that it accepted, those without keys too, after a restart too", async () => {
    await bench.engine.queue.accept(acceptance("d1", [KEY]));
    await bench.engine.queue.accept(acceptance("d2", []));
    const asked = ["d1", "d2", "d3", 'd"4', ""];
    expect(await bench.engine.queue.known(asked)).toEqual(new Set(["d1", "d2"]));
    expect(await bench.engine.queue.known([])).toEqual(new Set());
    const again = await bench.reopen();
    bench.clock.advance(8 * DAY_MS - 1);
    await again.queue.prune(0);
    expect(await again.queue.known(asked)).toEqual(new Set(["d1", "d2"]));
  });

  test("an acceptance that fails is not kept in part, and does not fail those beside it", async () => {
    const { queue, records } = bench.engine;
    const broken = { ...acceptance("bad", ["installation/7", "not a key"]), records: [{ key: "bad", value: 1 }] };
    const all = await Promise.allSettled([
      queue.accept(acceptance("d1", [KEY])),
      queue.accept(broken),
      records.put("a", 1),
    ]);
    expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await expect(queue.enqueue("not a key")).rejects.toThrow("not a key");
    expect(await records.get("bad")).toBeUndefined();
    expect(await queue.accept(acceptance("bad", []))).toBe("accepted");
    expect(await drain(queue)).toEqual([KEY]);
  });

  test("a second intent with an id does nothing, settled or not", async () => {
    const { queue } = bench.engine;
    await queue.accept({ ...acceptance("d1", [KEY]), intents: [intent("comment/1", KEY)] });
    await queue.accept({ ...acceptance("d2", [KEY]), intents: [{ ...intent("comment/1", KEY), askedAtMs: 77 }] });
    expect(await queue.intents(KEY)).toEqual([intent("comment/1", KEY)]);
    await queue.settleIntent("comment/1", "done");
    await queue.accept({ ...acceptance("d3", [KEY]), intents: [intent("comment/1", KEY)] });
    expect(await queue.intents(KEY)).toEqual([]);
  });

  test("intents come oldest first, per key, until they are settled", async () => {
    const { queue } = bench.engine;
    const late = { ...intent("comment/2", KEY), askedAtMs: 200 };
    const early = { ...intent("comment/9", KEY), askedAtMs: 100 };
    await queue.accept({ ...acceptance("d1", [KEY]), intents: [late, early, intent("comment/3", "pull/1/2/4")] });
    expect(await queue.intents(KEY)).toEqual([early, late]);
    await queue.settleIntent("comment/9", "done");
    await queue.settleIntent("comment/9", "again");
    await queue.settleIntent("comment/unknown", "done");
    const again = (await bench.reopen()).queue;
    expect(await again.intents(KEY)).toEqual([late]);
    expect(await again.intents("pull/1/2/4")).toHaveLength(1);
  });

  test("an intent's key is enqueued even when the acceptance does not name it", async () => {
    const { queue } = bench.engine;
    await queue.accept({ ...acceptance("d1", []), intents: [intent("comment/1", KEY)] });
    expect(await drain(queue)).toEqual([KEY]);
  });

  test("prune keeps ids for 8 days whatever is asked, and unsettled intents for ever", async () => {
    const { queue } = bench.engine;
    const open = intent("comment/open", KEY);
    await queue.accept({ ...acceptance("d1", [KEY]), intents: [intent("comment/1", KEY), open] });
    await queue.settleIntent("comment/1", "done");
    bench.clock.advance(8 * DAY_MS - 1);
    await queue.prune(0);
    const both = { ...acceptance("d1", []), intents: [intent("comment/1", KEY)] };
    expect(await queue.accept(both)).toBe("duplicate");
    expect(await queue.accept({ ...both, delivery: { ...both.delivery, id: "d2" } })).toBe("accepted");
    expect(await queue.intents(KEY)).toEqual([open]);
    bench.clock.advance(2 * DAY_MS);
    await queue.prune(20 * DAY_MS);
    expect(await queue.accept(both)).toBe("duplicate");
    await queue.prune(9 * DAY_MS);
    expect(await queue.accept(both)).toBe("accepted");
    expect((await queue.intents(KEY)).map(({ id }) => id).sort()).toEqual(["comment/1", "comment/open"]);
    expect(await queue.accept({ ...both, delivery: { ...both.delivery, id: "d2" } })).toBe("duplicate");
  });
}

function enqueueContract(bench: Bench): void {
  test("equal pending keys collapse", async () => {
    const { queue } = bench.engine;
    await Promise.all([queue.enqueue(KEY), queue.enqueue(KEY), queue.accept(acceptance("d1", [KEY, KEY]))]);
    await queue.enqueue(KEY);
    expect(await drain(queue)).toEqual([KEY]);
  });

  test("an enqueued key is there after a restart, with its due time", async () => {
    await bench.engine.queue.enqueue(KEY);
    await bench.engine.queue.enqueue("pull/1/2/4", { notBeforeMs: bench.clock.now() + 5000 });
    const { queue } = await bench.reopen();
    expect(await queue.stats()).toMatchObject({ ready: 1, delayed: 1 });
    expect(await drain(queue)).toEqual([KEY]);
    bench.clock.advance(5000);
    expect(await drain(queue)).toEqual(["pull/1/2/4"]);
  });

  test.each([false, true])(
    "notBefore delays; the earlier due time wins, in either order (restart: %s)",
    async (restart) => {
      let { queue } = bench.engine;
      const start = bench.clock.now();
      await queue.enqueue("pull/1/1/1", { notBeforeMs: start + 5000 });
      await queue.enqueue("pull/1/1/1", { notBeforeMs: start + 2000 });
      await queue.enqueue("pull/1/1/2", { notBeforeMs: start + 2000 });
      await queue.enqueue("pull/1/1/2", { notBeforeMs: start + 5000 });
      await queue.enqueue("pull/1/1/3", { notBeforeMs: start + 5000 });
      await queue.enqueue("pull/1/1/3");
      await queue.enqueue("pull/1/1/4");
      await queue.enqueue("pull/1/1/4", { notBeforeMs: start + 5000 });
      if (restart) queue = (await bench.reopen()).queue;
      expect(await drain(queue)).toEqual(["pull/1/1/3", "pull/1/1/4"]);
      bench.clock.advance(1999);
      expect(await drain(queue)).toEqual([]);
      bench.clock.advance(1);
      expect((await drain(queue)).sort()).toEqual(["pull/1/1/1", "pull/1/1/2"]);
      bench.clock.advance(10_000);
      expect(await drain(queue)).toEqual([]);
    },
  );
}
