import { parseKey } from "../../model/key.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Delivery, Lease, ParkedKey, QueueStats } from "../../ports/queue.ts";
import { DueTimes } from "./due-times.ts";
import type { Mirror } from "./group-commit.ts";
import { Turns } from "./turns.ts";
import { Wakeup } from "./wakeup.ts";

/** A key that is not idle. Never changed in place: a changed one replaces it. */
export interface Entry {
  readonly key: string;
  readonly rowId: number;
  /** When it became or becomes ready. */
  readonly dueMs: number;
  readonly attempt: number;
  /** Deliveries that the next run, or the one under way, answers. */
  readonly causes: readonly Delivery[];
  readonly lease?: Held | undefined;
  readonly parked?: { readonly reason: string; readonly atMs: number } | undefined;
}

interface Held {
  readonly token: number;
  readonly expiresAtMs: number;
  /** Set when the key was enqueued during the lease: when to run it again. */
  readonly againMs?: number | undefined;
  /** Deliveries that came during the lease. */
  readonly againCauses?: readonly Delivery[] | undefined;
}

/** Clocks are corrected by a little all the time. */
const SET_BACK_MS = 5_000;

/** Which key runs when: the queue's rows in memory, and the leases, which are nowhere else. */
export class Schedule implements Mirror {
  readonly #clock: Clock;
  readonly #wakeup: Wakeup;
  readonly #entries = new Map<string, Entry>();
  readonly #unsettledIntents = new Map<string, number>();
  readonly #urgent = new Turns();
  readonly #ordinary = new Turns();
  readonly #dueTimes = new DueTimes();
  readonly #undo: (() => void)[] = [];
  /** Installation → ms since the epoch. */
  readonly #pausedUntilMs = new Map<number, number>();
  /** What the clock said last. */
  #latestMs = Number.NEGATIVE_INFINITY;
  #leased = 0;
  #parked = 0;
  #nextToken: number;
  #newlyReady = false;

  /** @param firstToken greater than every token of earlier processes */
  constructor(clock: Clock, firstToken: number) {
    this.#clock = clock;
    this.#nextToken = firstToken;
    this.#wakeup = new Wakeup(() => this.#advance());
  }

  onReady(listener: () => void): void {
    this.#wakeup.listen(listener);
    this.#newlyReady = this.#urgent.size + this.#ordinary.size > 0;
    this.#advance();
  }

  stop(): void {
    this.#wakeup.stop();
  }

  keep(): void {
    this.#undo.length = 0;
    this.#advance();
  }

  undo(): void {
    for (const step of this.#undo.splice(0).reverse()) step();
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Part of the running transaction. */
  set(entry: Entry): void {
    this.#remember(entry.key);
    this.#replace(entry.key, entry);
  }

  /** Part of the running transaction. */
  delete(key: string): void {
    this.#remember(key);
    this.#replace(key, undefined);
  }

  /** Part of the running transaction: +1 for a new intent, −1 for a settled one. */
  countIntents(key: string, change: number): void {
    this.#undo.push(() => this.#addIntents(key, -change));
    this.#addIntents(key, change);
  }

  lease(ttlMs: number): Lease | undefined {
    this.#advance();
    const open = (installationId: number): boolean => !this.#pausedUntilMs.has(installationId);
    const urgent = this.#urgent.next(open);
    const turns = urgent === undefined ? this.#ordinary : this.#urgent;
    const entry = this.#entries.get(urgent ?? this.#ordinary.next(open) ?? "");
    if (!entry) return undefined;
    const { key, attempt, causes } = entry;
    const token = this.#nextToken++;
    const expiresAtMs = this.#clock.now() + ttlMs;
    turns.take(installationOf(key), key);
    this.#entries.set(key, { ...entry, lease: { token, expiresAtMs } });
    this.#leased++;
    this.#expectExpiry(expiresAtMs, key);
    return { key, token, attempt, causes, expiresAtMs };
  }

  renew(lease: Lease, ttlMs: number): boolean {
    const entry = this.held(lease);
    if (!entry) return false;
    const expiresAtMs = this.#clock.now() + ttlMs;
    this.#entries.set(entry.key, { ...entry, lease: { ...entry.lease, expiresAtMs } });
    this.#expectExpiry(expiresAtMs, entry.key);
    return true;
  }

  /** The entry of a lease that is still good. */
  held(lease: Lease): (Entry & { lease: Held }) | undefined {
    const entry = this.#entries.get(lease.key);
    if (entry?.lease?.token !== lease.token || entry.lease.expiresAtMs <= this.#clock.now()) return undefined;
    return entry as Entry & { lease: Held };
  }

  pause(installationId: number, untilMs: number): void {
    if (untilMs > this.#clock.now()) this.#pausedUntilMs.set(installationId, untilMs);
    else if (this.#pausedUntilMs.delete(installationId)) this.#newlyReady = true;
    this.#advance();
  }

  paused(): { installationId: number; untilMs: number }[] {
    this.#advance();
    return [...this.#pausedUntilMs].map(([installationId, untilMs]) => ({ installationId, untilMs }));
  }

  /** All that are not idle. */
  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  stats(): QueueStats {
    this.#advance();
    const nowMs = this.#clock.now();
    let oldestMs = nowMs;
    for (const turns of [this.#urgent, this.#ordinary]) {
      for (const key of turns.keys()) oldestMs = Math.min(oldestMs, this.#entries.get(key)?.dueMs ?? nowMs);
    }
    let ready = this.#urgent.size + this.#ordinary.size;
    for (const installationId of this.#pausedUntilMs.keys())
      ready -= this.#urgent.waiting(installationId) + this.#ordinary.waiting(installationId);
    return {
      ready,
      delayed: this.#entries.size - ready - this.#leased - this.#parked,
      leased: this.#leased,
      parked: this.#parked,
      oldestReadyMs: nowMs - oldestMs,
    };
  }

  parked(): ParkedKey[] {
    const parked: ParkedKey[] = [];
    for (const { key, parked: at } of this.#entries.values()) {
      if (at) parked.push({ key, reason: at.reason, parkedAtMs: at.atMs });
    }
    return parked.sort((a, b) => a.parkedAtMs - b.parkedAtMs);
  }

  #remember(key: string): void {
    const before = this.#entries.get(key);
    this.#undo.push(() => this.#replace(key, before));
  }

  #replace(key: string, entry: Entry | undefined): void {
    this.#takeOut(key);
    if (!entry) {
      this.#entries.delete(key);
      return;
    }
    this.#entries.set(key, entry);
    if (entry.parked) this.#parked++;
    else if (entry.lease) {
      this.#leased++;
      this.#dueTimes.add(entry.lease.expiresAtMs, key);
    } else if (entry.dueMs > this.#clock.now()) this.#dueTimes.add(entry.dueMs, key);
    else this.#makeReady(key);
  }

  #takeOut(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.parked) this.#parked--;
    else if (entry?.lease) this.#leased--;
    else if (entry && !this.#urgent.delete(installationOf(key), key)) this.#ordinary.delete(installationOf(key), key);
  }

  #makeReady(key: string): void {
    const turns = this.#unsettledIntents.has(key) ? this.#urgent : this.#ordinary;
    turns.add(installationOf(key), key);
    this.#newlyReady = true;
  }

  #addIntents(key: string, change: number): void {
    const count = (this.#unsettledIntents.get(key) ?? 0) + change;
    if (count > 0) this.#unsettledIntents.set(key, count);
    else this.#unsettledIntents.delete(key);
    const installationId = installationOf(key);
    if (this.#urgent.delete(installationId, key) || this.#ordinary.delete(installationId, key)) this.#makeReady(key);
  }

  #expectExpiry(atMs: number, key: string): void {
    this.#dueTimes.add(atMs, key);
    this.#wakeup.setDue(this.#nextDueMs(), this.#clock.now());
  }

  /** A clock that was set back would make everything wait for that much longer: what waits keeps its distance instead. */
  #setBack(byMs: number): void {
    for (const entry of [...this.#entries.values()]) {
      const lease = entry.lease && { ...entry.lease, expiresAtMs: entry.lease.expiresAtMs + byMs };
      if (!entry.parked) this.#replace(entry.key, { ...entry, dueMs: entry.dueMs + byMs, lease });
    }
    for (const [installationId, untilMs] of this.#pausedUntilMs)
      this.#pausedUntilMs.set(installationId, untilMs + byMs);
  }

  #nextDueMs(): number | undefined {
    const due = Math.min(this.#dueTimes.first()?.atMs ?? Number.POSITIVE_INFINITY, ...this.#pausedUntilMs.values());
    return due === Number.POSITIVE_INFINITY ? undefined : due;
  }

  /** Makes ready what has become due, and arranges for the next. */
  #advance(): void {
    const nowMs = this.#clock.now();
    if (nowMs < this.#latestMs - SET_BACK_MS) this.#setBack(nowMs - this.#latestMs);
    this.#latestMs = nowMs;
    for (let due = this.#dueTimes.first(); due; due = this.#dueTimes.first()) {
      const entry = this.#entries.get(due.key);
      const stands = entry && !entry.parked && (entry.lease?.expiresAtMs ?? entry.dueMs) === due.atMs;
      if (stands && due.atMs > nowMs) break;
      this.#dueTimes.removeFirst();
      if (!stands) continue;
      if (entry.lease) this.#replace(entry.key, { ...entry, lease: undefined, dueMs: due.atMs });
      else this.#makeReady(entry.key);
    }
    for (const [installationId, untilMs] of this.#pausedUntilMs) {
      if (untilMs > nowMs) continue;
      this.#pausedUntilMs.delete(installationId);
      this.#newlyReady = true;
    }
    this.#wakeup.setDue(this.#nextDueMs(), nowMs);
    if (this.#newlyReady) this.#wakeup.announce();
    this.#newlyReady = false;
  }
}

function installationOf(key: string): number {
  return parseKey(key).installationId;
}
