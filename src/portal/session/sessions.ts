import { createHash, randomBytes } from "node:crypto";
import { storageKey } from "../../model/storage-key.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Person, UserToken } from "../../ports/people.ts";
import type { RecordEntry, Records } from "../../ports/records.ts";
import { Seal } from "./seal.ts";

export const SESSION_MAX_MS = 8 * 3_600_000;
const IDLE_MAX_MS = 3_600_000;
/** How exactly it is known when somebody was last seen: every write costs an fsync. */
const SEEN_EVERY_MS = 60_000;
/** Sessions of one person, of which the oldest end first. */
const PER_PERSON_MAX = 20;
/** The prefix lets the log's redaction know one. */
const ID = /^hmss_[\w-]{43}$/;

interface SessionRecord {
  userId: number;
  login: string;
  createdAtMs: number;
  seenAtMs: number;
  expiresAtMs: number;
  /** The user token, under a key that takes the session's id: neither the store nor the App's key alone opens it. */
  sealedToken: string;
}

export interface Session {
  /** SHA-256 of the id, under which it is stored. */
  hash: string;
  person: Person;
  createdAtMs: number;
  /** The person's token at GitHub; undefined when the App's key has changed since. */
  token(): string | undefined;
}

/** Who is signed in, as records: they outlive the process, and hold nothing that a copy of the store could be used with. */
export class Sessions {
  readonly #records: Records;
  readonly #clock: Clock;
  readonly #privateKey: string;

  constructor(records: Records, clock: Clock, privateKey: string) {
    this.#records = records;
    this.#clock = clock;
    this.#privateKey = privateKey;
  }

  /** Gives the id, which is kept nowhere but in the person's browser. */
  async create(person: Person, { token, expiresAtMs }: UserToken): Promise<string> {
    const id = `hmss_${randomBytes(32).toString("base64url")}`;
    const hash = hashOf(id);
    const nowMs = this.#clock.now();
    await this.#makeRoom(person, nowMs);
    const record: SessionRecord = {
      userId: person.id,
      login: person.login,
      createdAtMs: nowMs,
      seenAtMs: nowMs,
      expiresAtMs: Math.min(nowMs + SESSION_MAX_MS, expiresAtMs),
      sealedToken: this.#seal(id).close(token, hash),
    };
    await this.#records.put(storageKey.session(hash), record);
    return id;
  }

  async find(id: string): Promise<Session | undefined> {
    return this.#read(id, "seen");
  }

  /** The same of somebody who asks for nothing: what was left open keeps no session alive. */
  async look(id: string): Promise<Session | undefined> {
    return this.#read(id, "unseen");
  }

  async #read(id: string, as: "seen" | "unseen"): Promise<Session | undefined> {
    if (!ID.test(id)) return undefined;
    const hash = hashOf(id);
    const entry = await this.#records.get<SessionRecord>(storageKey.session(hash));
    if (!entry) return undefined;
    const { value } = entry;
    const nowMs = this.#clock.now();
    if (isOver(value, nowMs) || (await this.#revokedSince(value))) {
      await this.end(hash);
      return undefined;
    }
    const touched = as === "unseen" || nowMs - value.seenAtMs < SEEN_EVERY_MS || (await this.#touch(entry, nowMs));
    if (!touched) return undefined;
    return {
      hash,
      person: { id: value.userId, login: value.login },
      createdAtMs: value.createdAtMs,
      token: () => this.#seal(id).open(value.sealedToken, hash),
    };
  }

  async end(hash: string): Promise<void> {
    await this.#records.delete(storageKey.session(hash));
  }

  /** Deletes what is over. */
  async prune(): Promise<void> {
    const nowMs = this.#clock.now();
    for (const { key, value } of await this.#records.list<SessionRecord>(storageKey.sessions()))
      if (isOver(value, nowMs)) await this.#records.delete(key);
  }

  async #makeRoom({ id }: Person, nowMs: number): Promise<void> {
    const all = await this.#records.list<SessionRecord>(storageKey.sessions());
    const own = all.filter(({ value }) => value.userId === id && !isOver(value, nowMs));
    own.sort((a, b) => b.value.createdAtMs - a.value.createdAtMs);
    for (const { key } of own.slice(PER_PERSON_MAX - 1)) await this.#records.delete(key);
  }

  /** The person took back at GitHub what they had allowed the App, after this session began. */
  async #revokedSince({ userId, createdAtMs }: SessionRecord): Promise<boolean> {
    const revoked = await this.#records.get<{ atMs: number }>(storageKey.revoked(userId));
    return revoked !== undefined && revoked.value.atMs >= createdAtMs;
  }

  /** Only over what was read: a session that was ended meanwhile stays ended. */
  async #touch({ key, value, revision }: RecordEntry<SessionRecord>, nowMs: number): Promise<boolean> {
    if (await this.#records.compareAndSwap(key, { ...value, seenAtMs: nowMs }, revision)) return true;
    return (await this.#records.get(key)) !== undefined;
  }

  #seal(id: string): Seal {
    return new Seal(this.#privateKey, "user token", id);
  }
}

function isOver({ expiresAtMs, seenAtMs }: SessionRecord, nowMs: number): boolean {
  return nowMs >= expiresAtMs || nowMs - seenAtMs >= IDLE_MAX_MS;
}

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
