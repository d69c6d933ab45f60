import { describe, expect, test } from "vitest";
import type { Bench } from "./engine-contract.ts";
import { acceptance, drain, intent, TTL_MS } from "./queue-bench.ts";

export function queuePauseContract(bench: Bench): void {
  describe("an installation that is paused", () => {
    test("has no turn but for its own key, until it is over", async () => {
      const { queue } = bench.engine;
      await queue.accept({ ...acceptance("d1", ["pull/1/2/3"]), intents: [intent("comment/1", "pull/1/2/4")] });
      for (const key of ["pull/2/2/3", "installation/1"]) await queue.enqueue(key);
      await queue.pause(1, bench.clock.now() + 5000);
      expect(await queue.stats()).toMatchObject({ ready: 2, delayed: 2 });
      expect((await drain(queue)).sort()).toEqual(["installation/1", "pull/2/2/3"]);
      expect(await queue.paused()).toEqual([{ installationId: 1, untilMs: bench.clock.now() + 5000 }]);
      bench.clock.advance(4999);
      expect(await drain(queue)).toEqual([]);
      bench.clock.advance(1);
      expect(await queue.paused()).toEqual([]);
      expect((await drain(queue)).sort()).toEqual(["pull/1/2/3", "pull/1/2/4"]);
    });

    test("goes on at once when the pause is taken back, and tells the listener", async () => {
      const { queue } = bench.engine;
      await queue.pause(1, bench.clock.now() + 5000);
      await queue.enqueue("pull/1/2/3");
      let told = 0;
      queue.onReady(() => told++);
      await new Promise((resolve) => setImmediate(resolve));
      const before = told;
      await queue.pause(1, 0);
      expect(await queue.paused()).toEqual([]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(told).toBeGreaterThan(before);
      expect(await drain(queue)).toEqual(["pull/1/2/3"]);
    });
  });

  describe("what is dropped", () => {
    test("leaves the queue with its intents, parked or delayed, also after a restart; others stay", async () => {
      const { queue } = bench.engine;
      await queue.accept({ ...acceptance("d1", ["pull/1/2/3"]), intents: [intent("comment/1", "pull/1/2/3")] });
      await queue.enqueue("pull/1/2/9");
      const parked = await queue.lease(TTL_MS);
      if (parked) await queue.settle(parked, { kind: "terminal", reason: "no" });
      await queue.enqueue("repository/1/2", { notBeforeMs: bench.clock.now() + 9000 });
      for (const key of ["pull/1/5/1", "installation/1", "pull/2/2/3"]) await queue.enqueue(key);
      expect(await queue.drop({ installationId: 1, repositoryId: 2 })).toBe(3);
      const again = (await bench.reopen()).queue;
      expect(await again.intents("pull/1/2/3")).toEqual([]);
      expect(await again.parked()).toEqual([]);
      expect(await again.drop({ installationId: 1 })).toBe(1);
      expect((await drain(again)).sort()).toEqual(["installation/1", "pull/2/2/3"]);
    });

    test("is not what somebody holds", async () => {
      const { queue } = bench.engine;
      await queue.enqueue("pull/1/2/3");
      const lease = await queue.lease(TTL_MS);
      expect(await queue.drop({ installationId: 1 })).toBe(0);
      expect(lease && (await queue.settle(lease, { kind: "done" }))).toBe(true);
    });
  });
}
