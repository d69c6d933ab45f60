import { expect, test } from "vitest";
import { TokenCache } from "../../../src/adapters/github/token-cache.ts";
import { SettableClock } from "../../contract/settable-clock.ts";

function cache() {
  const clock = new SettableClock();
  return { clock, tokens: new TokenCache(() => clock.now()) };
}

test("a token is kept for 59 minutes, and not longer because the clock was set back", () => {
  const { clock, tokens } = cache();
  tokens.set("7", "a");
  clock.advance(59 * 60_000 - 1);
  expect(tokens.get("7")).toBe("a");
  clock.advance(1);
  expect(tokens.get("7")).toBe("");
  tokens.set("7", "b");
  clock.advance(-3_600_000);
  expect(tokens.get("7")).toBe("");
});

test("an installation's tokens are let go of, and no other's", () => {
  const { tokens } = cache();
  for (const key of ["7", "7|42", "7||.github", "70", "70|42"]) tokens.set(key, key);
  tokens.forget(7);
  expect(["7", "7|42", "7||.github", "70", "70|42"].map((key) => tokens.get(key))).toEqual(["", "", "", "70", "70|42"]);
});
