import { expect, test } from "vitest";
import { CAUSES_MAX } from "../../src/ports/queue.ts";
import type { Bench } from "./engine-contract.ts";
import { acceptance, leaseNow } from "./queue-bench.ts";

const KEY = "pull/1/2/3";
const OTHER = "commit/1/2/0123456789012345678901234567890123456789";

/** Which deliveries a run answers: what explains it afterwards. */
export function queueCausesContract(bench: Bench): void {
  const ids = async () => (await leaseNow(bench.engine.queue)).causes.map(({ id }) => id);

  test("a run is told the deliveries that led to it, also after a restart", async () => {
    const told = { ...acceptance("d1", [KEY]).delivery, action: "opened", happenedAtMs: 900, traceparent: "00-1-1-01" };
    await bench.engine.queue.accept({ ...acceptance("d1", [KEY]), delivery: told });
    await bench.reopen();
    expect((await leaseNow(bench.engine.queue)).causes).toEqual([told]);
  });

  test("equal keys collapse, their deliveries add up; a second delivery of one id is one", async () => {
    const { queue } = bench.engine;
    for (const id of ["d1", "d2", "d2", "d3"]) await queue.accept(acceptance(id, [KEY]));
    expect(await ids()).toEqual(["d1", "d2", "d3"]);
  });

  test("of a burst the first and the last are told", async () => {
    const { queue } = bench.engine;
    for (let i = 1; i <= CAUSES_MAX + 5; i++) await queue.accept(acceptance(`d${i}`, [KEY]));
    const told = await ids();
    expect(told).toHaveLength(CAUSES_MAX);
    expect([told[0], told.at(-1)]).toEqual(["d1", `d${CAUSES_MAX + 5}`]);
  });

  test("what came during a run is the next one's; a run that failed keeps its own", async () => {
    const { queue } = bench.engine;
    await queue.accept(acceptance("d1", [KEY]));
    const first = await leaseNow(queue);
    await queue.accept(acceptance("d2", [KEY]));
    await queue.settle(first, { kind: "done" });
    const second = await leaseNow(queue);
    expect(second.causes.map(({ id }) => id)).toEqual(["d2"]);
    await queue.accept(acceptance("d3", [KEY]));
    await queue.settle(second, { kind: "failed", error: "no" });
    expect(await ids()).toEqual(["d2", "d3"]);
  });

  test("after a run that ended well nothing of it is left", async () => {
    const { queue } = bench.engine;
    await queue.accept(acceptance("d1", [KEY]));
    await queue.settle(await leaseNow(queue), { kind: "requeue", afterMs: 0 });
    expect(await ids()).toEqual([]);
  });

  test("a key that one run asks for can be told the same deliveries", async () => {
    const { queue } = bench.engine;
    await queue.accept(acceptance("d1", [KEY]));
    const run = await leaseNow(queue);
    await queue.enqueue(OTHER, { causes: run.causes });
    expect(await ids()).toEqual(["d1"]);
  });
}
