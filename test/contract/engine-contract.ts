import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../../src/ports/clock.ts";
import type { Engine } from "../../src/ports/engine.ts";
import { ledgerContract } from "./ledger-contract.ts";
import { queueContract } from "./queue-contract.ts";
import { queueProperties } from "./queue-properties.ts";
import { recordsContract } from "./records-contract.ts";
import { SettableClock } from "./settable-clock.ts";

export interface OpenOptions {
  clock: Clock;
  random: () => number;
}

/** A store of its own, empty at first. */
export interface OpenedEngine {
  engine: Engine;
  /** Ends the process that has the store, as far as one can inside of one, and starts the next. `engine` is the new one from then on. */
  reopen(): Promise<Engine>;
  /** Closes it and removes what it stored. */
  dispose(): Promise<void>;
}

export type OpenEngine = (options: OpenOptions) => Promise<OpenedEngine>;

/** What a test works with: the engine of the moment and what it was opened with. */
export interface Bench {
  readonly engine: Engine;
  reopen(): Promise<Engine>;
  clock: SettableClock;
  /** What `random` gives from now on. */
  random: number;
}

/** What every implementation of the ports queue, records and ledger has to do. */
export function engineContract(name: string, open: OpenEngine): void {
  describe(`engine contract: ${name}`, () => {
    const bench = benchOf(open);
    queueContract(bench);
    recordsContract(bench);
    ledgerContract(bench);
    engineOwnContract(bench);
    queueProperties(open);
  });
}

function benchOf(open: OpenEngine): Bench {
  let opened: OpenedEngine;
  const bench = {
    clock: new SettableClock(),
    random: 0,
    get engine() {
      return opened.engine;
    },
    reopen: () => opened.reopen(),
  };
  beforeEach(async () => {
    bench.clock = new SettableClock();
    bench.random = 0;
    opened = await open({ clock: bench.clock, random: () => bench.random });
  });
  afterEach(() => opened.dispose());
  return bench;
}

function engineOwnContract(bench: Bench): void {
  describe("engine", () => {
    test("a probe succeeds, again and again, and leaves nothing to be seen", async () => {
      for (let i = 0; i < 3; i++) await bench.engine.probe();
      expect(await bench.engine.records.list("")).toEqual([]);
      expect(await bench.engine.queue.stats()).toMatchObject({ ready: 0, delayed: 0 });
    });

    test("what was written before close is there after it, even when nobody waited for it", async () => {
      const { records, queue } = bench.engine;
      const writes = [records.put("a", 1), queue.enqueue("pull/1/2/3")];
      const engine = await bench.reopen();
      await Promise.all(writes);
      expect(await engine.records.get("a")).toMatchObject({ value: 1 });
      expect(await engine.queue.stats()).toMatchObject({ ready: 1 });
    });

    test("a closed engine rejects, and can be closed again", async () => {
      const { engine } = bench;
      await engine.close();
      await engine.close();
      await expect(engine.probe()).rejects.toThrow();
      await expect(engine.records.put("a", 1)).rejects.toThrow();
      await expect(engine.queue.enqueue("pull/1/2/3")).rejects.toThrow();
    });
  });
}
