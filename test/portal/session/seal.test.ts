import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Seal } from "../../../src/portal/session/seal.ts";

const pem = (): string =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const KEY = pem();
const seal = new Seal(KEY, "purpose", "salt");

test("what was closed opens again, and no two look alike", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, boundTo) => {
      const sealed = seal.close(text, boundTo);
      expect(seal.open(sealed, boundTo)).toBe(text);
      expect(seal.close(text, boundTo)).not.toBe(sealed);
    }),
  );
});

test("it does not open for anything else, with another key, purpose or salt, or when a single bit was changed", () => {
  const sealed = seal.close("a secret", "session/1");
  expect(seal.open(sealed, "session/2")).toBeUndefined();
  for (const other of [
    new Seal(pem(), "purpose", "salt"),
    new Seal(KEY, "other", "salt"),
    new Seal(KEY, "purpose", "x"),
  ])
    expect(other.open(sealed, "session/1")).toBeUndefined();
  const bytes = Buffer.from(sealed, "base64url");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(seal.open(changed.toString("base64url"), "session/1"), String(bit)).toBeUndefined();
  }
});

test("texts that nobody closed do not open, of whatever length", () => {
  for (let length = 0; length < 60; length++) expect(seal.open("A".repeat(length), "")).toBeUndefined();
});
