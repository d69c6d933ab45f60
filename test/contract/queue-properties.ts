import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffMs, type Lease } from "../../src/ports/queue.ts";
import type { OpenEngine, OpenedEngine } from "./engine-contract.ts";
import { acceptance, intent } from "./queue-bench.ts";
import { SettableClock } from "./settable-clock.ts";

const KEYS = ["pull/1/1/1", "pull/1/1/2", "pull/2/1/1", "repository/2/1"];
const RANDOM = 0.5;

/** Random histories, against a model that is too simple to be wrong. */
export function queueProperties(open: OpenEngine): void {
  describe("queue, any history", () => {
    test("no key is lost, none runs twice at once, doubles collapse, order keeps its promises", {
      timeout: 120_000,
    }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step(), { maxLength: 40 }), async (steps) => {
          const clock = new SettableClock();
          const opened = await open({ clock, random: () => RANDOM });
          try {
            const history = new History(opened, clock);
            for (const next of steps) await history.run(next);
            await history.finish();
          } finally {
            await opened.dispose();
          }
        }),
        { numRuns: 150 },
      );
    });

    test("of deliveries that come at once each id is accepted once", { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }), async (ids) => {
          const opened = await open({ clock: new SettableClock(), random: () => RANDOM });
          try {
            const { queue } = opened.engine;
            const answers = await Promise.all(ids.map((id) => queue.accept(acceptance(`d${id}`, [`pull/1/1/${id}`]))));
            const accepted = ids.filter((_, i) => answers[i] === "accepted");
            expect(accepted).toEqual([...new Set(ids)]);
            expect((await queue.stats()).ready).toBe(accepted.length);
          } finally {
            await opened.dispose();
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}

type Step =
  | { do: "accept"; id: number; keys: string[]; asked: boolean }
  | { do: "enqueue"; key: string; delayMs: number }
  | { do: "lease"; ttlMs: number }
  | { do: "renew"; pick: number; ttlMs: number }
  | { do: "settle"; pick: number; outcome: "done" | "requeue" | "failed" | "terminal" }
  | { do: "settleIntents"; key: string }
  | { do: "advance"; ms: number }
  | { do: "reopen" };

function step(): fc.Arbitrary<Step> {
  const key = fc.constantFrom(...KEYS);
  const ms = fc.constantFrom(0, 1, 700, 1000, 5000);
  const pick = fc.nat(5);
  const ttlMs = fc.constantFrom(1, 1000, 4000);
  const outcome = fc.constantFrom("done", "requeue", "failed", "terminal");
  const keys = fc.uniqueArray(key, { maxLength: 3 });
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant("accept"), id: fc.nat(12), keys, asked: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("enqueue"), key, delayMs: ms }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("lease"), ttlMs }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("renew"), pick, ttlMs }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("settle"), pick, outcome }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("settleIntents"), key }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("advance"), ms }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen") }) },
  ) as fc.Arbitrary<Step>;
}

interface ModelKey {
  dueMs: number;
  attempt: number;
  parked: boolean;
  lease: { lease: Lease; expiresAtMs: number; againMs: number } | undefined;
}

class History {
  readonly #opened: OpenedEngine;
  readonly #clock: SettableClock;
  readonly #keys = new Map<string, ModelKey>();
  readonly #accepted = new Set<number>();
  readonly #asked = new Map<string, string[]>();
  readonly #leases: Lease[] = [];
  #lastToken = 0;

  constructor(opened: OpenedEngine, clock: SettableClock) {
    this.#opened = opened;
    this.#clock = clock;
  }

  async run(step: Step): Promise<void> {
    const { queue } = this.#opened.engine;
    const now = this.#clock.now();
    switch (step.do) {
      case "accept":
        await this.#accept(step);
        break;
      case "enqueue":
        await queue.enqueue(step.key, { notBeforeMs: now + step.delayMs });
        this.#add(step.key, now + step.delayMs);
        break;
      case "lease":
        await this.#lease(step.ttlMs);
        break;
      case "renew": {
        const lease = this.#leases[step.pick];
        const held = lease && this.#held(lease);
        if (lease) expect(await queue.renew(lease, step.ttlMs)).toBe(held !== undefined);
        if (held) held.expiresAtMs = now + step.ttlMs;
        break;
      }
      case "settle":
        await this.#settle(step.pick, step.outcome);
        break;
      case "settleIntents":
        for (const id of this.#asked.get(step.key) ?? []) await queue.settleIntent(id, "done");
        this.#asked.delete(step.key);
        break;
      case "advance":
        this.#clock.advance(step.ms);
        break;
      case "reopen":
        await this.#opened.reopen();
        for (const key of this.#keys.values()) key.lease = undefined;
    }
    await this.#compare();
  }

  /** Time heals: whatever was not settled is given out in the end, each key once. */
  async finish(): Promise<void> {
    this.#clock.advance(3600_000);
    const expected = [...this.#keys].filter(([, { parked }]) => !parked).map(([key]) => key);
    const given: string[] = [];
    for (let lease = await this.#lease(1000); lease; lease = await this.#lease(1000)) given.push(lease.key);
    expect(given.sort()).toEqual(expected.sort());
  }

  async #accept({ id, keys, asked }: Step & { do: "accept" }): Promise<void> {
    const intents = asked ? keys.map((key) => intent(`comment/${id}/${key}`, key)) : [];
    const answer = await this.#opened.engine.queue.accept({ ...acceptance(`d${id}`, keys), intents });
    expect(answer).toBe(this.#accepted.has(id) ? "duplicate" : "accepted");
    if (answer === "duplicate") return;
    this.#accepted.add(id);
    for (const key of keys) this.#add(key, this.#clock.now());
    for (const { id, key } of intents) this.#asked.set(key, [...(this.#asked.get(key) ?? []), id]);
  }

  #add(key: string, dueMs: number): void {
    const known = this.#keys.get(key);
    if (!known || known.parked) this.#keys.set(key, { dueMs, attempt: 0, parked: false, lease: undefined });
    else if (known.lease && known.lease.expiresAtMs > this.#clock.now())
      known.lease.againMs = Math.min(known.lease.againMs, dueMs);
    else known.dueMs = Math.min(known.dueMs, dueMs);
  }

  async #lease(ttlMs: number): Promise<Lease | undefined> {
    const ready = this.#ready();
    const lease = await this.#opened.engine.queue.lease(ttlMs);
    expect(lease !== undefined).toBe(ready.length > 0);
    if (!lease) return undefined;
    const urgent = ready.filter((key) => this.#asked.has(key));
    expect(urgent.length > 0 ? urgent : ready).toContain(lease.key);
    expect(lease.token).toBeGreaterThan(this.#lastToken);
    this.#lastToken = lease.token;
    const known = this.#keys.get(lease.key) as ModelKey;
    expect(lease.attempt).toBe(known.attempt);
    known.lease = { lease, expiresAtMs: this.#clock.now() + ttlMs, againMs: Number.POSITIVE_INFINITY };
    this.#leases.unshift(lease);
    return lease;
  }

  async #settle(pick: number, kind: "done" | "requeue" | "failed" | "terminal"): Promise<void> {
    const lease = this.#leases[pick];
    if (!lease) return;
    const held = this.#held(lease);
    const outcome = {
      done: { kind: "done" },
      requeue: { kind: "requeue", afterMs: 2000 },
      failed: { kind: "failed", error: "boom" },
      terminal: { kind: "terminal", reason: "no" },
    } as const;
    expect(await this.#opened.engine.queue.settle(lease, outcome[kind])).toBe(held !== undefined);
    if (!held) return;
    const attempt = kind === "failed" ? lease.attempt + 1 : 0;
    const afterMs = {
      done: Number.POSITIVE_INFINITY,
      requeue: 2000,
      failed: backoffMs(attempt, RANDOM),
      terminal: Number.POSITIVE_INFINITY,
    };
    const dueMs = Math.min(held.againMs, this.#clock.now() + afterMs[kind]);
    const idle = dueMs === Number.POSITIVE_INFINITY;
    if (idle && kind === "done") this.#keys.delete(lease.key);
    else this.#keys.set(lease.key, { dueMs, attempt, parked: idle, lease: undefined });
  }

  #held(lease: Lease): NonNullable<ModelKey["lease"]> | undefined {
    const held = this.#keys.get(lease.key)?.lease;
    return held?.lease.token === lease.token && held.expiresAtMs > this.#clock.now() ? held : undefined;
  }

  #ready(): string[] {
    const now = this.#clock.now();
    const isReady = ({ parked, lease, dueMs }: ModelKey) =>
      !parked && (lease ? lease.expiresAtMs <= now : dueMs <= now);
    return [...this.#keys].filter(([, key]) => isReady(key)).map(([key]) => key);
  }

  async #compare(): Promise<void> {
    const { queue } = this.#opened.engine;
    const keys = [...this.#keys.values()];
    const ready = this.#ready().length;
    const parked = keys.filter((key) => key.parked).length;
    const leased = keys.filter(({ lease }) => lease && this.#held(lease.lease)).length;
    expect(await queue.stats()).toMatchObject({
      ready,
      parked,
      leased,
      delayed: keys.length - ready - parked - leased,
    });
    for (const lease of this.#leases.slice(0, 6))
      expect(await queue.holds(lease)).toBe(this.#held(lease) !== undefined);
    for (const key of KEYS)
      expect((await queue.intents(key)).map(({ id }) => id).sort()).toEqual((this.#asked.get(key) ?? []).toSorted());
  }
}
