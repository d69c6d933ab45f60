import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import { Sessions } from "../../../src/portal/session/sessions.ts";
import type { Engine } from "../../../src/ports/engine.ts";
import { temporaryPath } from "../../adapters/sqlite/temporary-path.ts";

const pem = (): string =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const KEY = pem();
const ADA = { id: 1, login: "ada" };
const HOUR = 3_600_000;
const TOKEN = "the token that GitHub gave";

let engine: Engine;
let nowMs: number;
const clock = { now: () => nowMs };
const token = (lifeMs = 8 * HOUR) => ({ token: TOKEN, expiresAtMs: nowMs + lifeMs });
const sessions = (key = KEY) => new Sessions(engine.records, clock, key);
const stored = async () => (await engine.records.list(storageKey.sessions())).length;

beforeEach(async () => {
  nowMs = Date.UTC(2026, 0, 1);
  engine = await openSqlite({ path: temporaryPath(), clock });
});
afterEach(() => engine.close());

test("an id is never the same, cannot be guessed, and is stored nowhere", async () => {
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, id) => sessions().create({ id, login: `p${id}` }, token())),
  );
  expect(new Set(ids).size).toBe(20);
  for (const id of ids) expect(Buffer.from(id.slice(5), "base64url")).toHaveLength(32);
  const text = JSON.stringify(await engine.records.list(storageKey.sessions()));
  for (const secret of [...ids.map((id) => id.slice(5)), TOKEN]) expect(text).not.toContain(secret);
});

test.each(["", "hmss_", `hmss_${"A".repeat(42)}`, `hmss_${"A".repeat(44)}`, "session/x", `hmss_${"%".repeat(43)}`])(
  "%j is no session",
  async (id) => {
    await sessions().create(ADA, token());
    expect(await sessions().find(id)).toBeUndefined();
  },
);

test("what is stored does not let anybody in: neither the hash nor the record's key is an id", async () => {
  await sessions().create(ADA, token());
  const [entry] = await engine.records.list(storageKey.sessions());
  const hash = entry?.key.slice("session/".length) ?? "";
  for (const id of [hash, `hmss_${hash}`, `hmss_${hash.slice(0, 43)}`])
    expect(await sessions().find(id)).toBeUndefined();
});

describe("the token at GitHub", () => {
  test("comes back to whoever brings the id", async () => {
    const id = await sessions().create(ADA, token());
    expect((await sessions().find(id))?.token()).toBe(TOKEN);
  });

  test("does not open with another key of the App, nor in another session's record", async () => {
    const [own, other] = [await sessions().create(ADA, token()), await sessions().create(ADA, token())];
    expect((await sessions(pem()).find(own))?.token()).toBeUndefined();
    const [a, b] = await engine.records.list<{ sealedToken: string }>(storageKey.sessions());
    if (!a || !b) throw new Error("two sessions");
    await engine.records.put(a.key, { ...a.value, sealedToken: b.value.sealedToken });
    await engine.records.put(b.key, { ...b.value, sealedToken: a.value.sealedToken });
    for (const id of [own, other]) expect((await sessions().find(id))?.token()).toBeUndefined();
  });
});

describe("it ends", () => {
  test("with the token, where that ends sooner", async () => {
    const id = await sessions().create(ADA, token(HOUR / 2));
    nowMs += HOUR / 2;
    expect(await sessions().find(id)).toBeUndefined();
    expect(await stored()).toBe(0);
  });

  test("when the person took back what they allowed, but not for who signs in after that", async () => {
    const before = await sessions().create(ADA, token());
    const other = await sessions().create({ id: 2, login: "grace" }, token());
    nowMs += 1000;
    await engine.records.put(storageKey.revoked(ADA.id), { atMs: nowMs });
    nowMs += 1000;
    const after = await sessions().create(ADA, token());
    expect(await sessions().find(before)).toBeUndefined();
    expect(await sessions().find(after)).toBeDefined();
    expect(await sessions().find(other)).toBeDefined();
  });

  test("for good: somebody who is seen at the same moment does not bring it back", async () => {
    const id = await sessions().create(ADA, token());
    nowMs += 10 * 60_000;
    const { records } = engine;
    const racing = new Sessions(
      {
        ...records,
        get: (key) => records.get(key),
        list: (prefix) => records.list(prefix),
        delete: (key) => records.delete(key),
        async compareAndSwap(key, value, revision) {
          await records.delete(key);
          return records.compareAndSwap(key, value, revision);
        },
        put: (key, value) => records.put(key, value),
      },
      clock,
      KEY,
    );
    expect(await racing.find(id)).toBeUndefined();
    expect(await stored()).toBe(0);
  });

  test("the oldest first, where somebody has very many", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 25; i++) {
      nowMs += 1;
      ids.push(await sessions().create(ADA, token()));
    }
    expect(await stored()).toBe(20);
    expect(await sessions().find(ids[0] ?? "")).toBeUndefined();
    expect(await sessions().find(ids[24] ?? "")).toBeDefined();
  });

  test("what is over is pruned, and nothing else", async () => {
    await sessions().create(ADA, token());
    nowMs += HOUR;
    await sessions().create(ADA, token());
    await sessions().prune();
    expect(await stored()).toBe(1);
  });
});

test("a visit is written down once a minute, not with every request", async () => {
  const id = await sessions().create(ADA, token());
  const revision = async () => (await engine.records.list(storageKey.sessions()))[0]?.revision;
  for (let i = 0; i < 5; i++) await sessions().find(id);
  expect(await revision()).toBe(1);
  nowMs += 60_000;
  for (let i = 0; i < 5; i++) await sessions().find(id);
  expect(await revision()).toBe(2);
});

test("what was left open looks without being seen: it keeps no session alive", async () => {
  const id = await sessions().create(ADA, token());
  for (let i = 0; i < 59; i++) {
    nowMs += 60_000;
    expect(await sessions().look(id)).toMatchObject({ person: ADA });
  }
  nowMs += 60_000;
  expect(await sessions().look(id)).toBeUndefined();
  expect(await stored()).toBe(0);
});
