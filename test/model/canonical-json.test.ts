import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, sha256Hex } from "../../src/model/canonical-json.ts";

test.each([
  [null, "null"],
  [-0, "0"],
  [1e21, "1e+21"],
  [0.1, "0.1"],
  ['ü"\n\u2028', '"ü\\"\\n\u2028"'],
  [[1, undefined, [null]], "[1,null,[null]]"],
  [{ b: 1, a: { d: [], c: {} } }, '{"a":{"c":{},"d":[]},"b":1}'],
  [{ 10: "ten", 9: "nine", a: 0, A: 1 }, '{"10":"ten","9":"nine","A":1,"a":0}'],
  [{ gone: undefined, run: () => 1, kept: 0 }, '{"kept":0}'],
  [{ at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
])("%j is written %s", (value, text) => {
  expect(canonicalJson(value)).toBe(text);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1n, undefined, [Number.NaN], { a: { b: 2n } }])(
  "%s has no text",
  (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  },
);

test("every JSON value survives, and its text does not depend on the order of keys", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(reversed(value))).toBe(text);
    }),
  );
});

test("a digest is of the UTF-8 text or of the bytes", () => {
  expect(sha256Hex("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(sha256Hex("ü")).toBe(sha256Hex(new Uint8Array([0xc3, 0xbc])));
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}
