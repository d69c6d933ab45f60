import { expect, test } from "vitest";
import { newSecret, SetupAccess } from "../../../src/portal/setup/access.ts";

const TOKEN = newSecret();

function access() {
  const clock = { ms: 1_000_000 };
  return { clock, access: new SetupAccess(TOKEN, () => clock.ms) };
}

test("secrets have 256 bits and are new each time", () => {
  expect(Buffer.from(TOKEN, "base64url")).toHaveLength(32);
  expect(newSecret()).not.toBe(newSecret());
});

test("the token is worth one session, which ends after an hour", () => {
  const { access: one, clock } = access();
  const first = one.exchange(TOKEN);
  expect(first.kind).toBe("admitted");
  const session = first.kind === "admitted" ? first.session : "";
  expect(one.exchange(TOKEN)).toEqual({ kind: "refused", code: "setup-token-used" });
  expect([one.holds(session), one.holds(`${session}x`), one.holds(""), one.holds(undefined)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  clock.ms += 3_600_000;
  expect(one.holds(session)).toBe(false);
});

test("nobody holds a session before the token was exchanged", () => {
  expect(access().access.holds("")).toBe(false);
});

test("guesses are counted by the minute, and never keep the right token out", () => {
  const { access: one, clock } = access();
  const guess = () => one.exchange("guess");
  expect(Array.from({ length: 11 }, guess).map((each) => each.kind === "refused" && each.code)).toEqual([
    ...Array(10).fill("setup-token-wrong"),
    "setup-too-many-tries",
  ]);
  clock.ms += 60_001;
  expect(guess()).toMatchObject({ code: "setup-token-wrong" });
  for (let i = 0; i < 20; i++) guess();
  expect(one.exchange(TOKEN).kind).toBe("admitted");
});

test("a state is taken once, and a new one ends it", () => {
  const { access: one } = access();
  expect(one.takeState("")).toBe(false);
  const old = one.newState();
  const state = one.newState();
  expect(one.takeState(old)).toBe(false);
  expect(one.takeState(state)).toBe(true);
  expect(one.takeState(state)).toBe(false);
});
