import fc from "fast-check";
import { expect, test } from "vitest";
import { readTar } from "../../../src/adapters/opa/tar.ts";
import { tar } from "./archive.ts";

const limits = { maxEntries: 10 };
const bytes = new TextEncoder().encode("content");

test("files come back, directories are passed over, leading slashes are gone", () => {
  const archive = tar([
    { path: "dir/", type: "5" },
    { path: "/policy.wasm", bytes },
    { path: "./dir/a", bytes },
  ]);
  expect(readTar(archive, limits).map(({ path, bytes }) => [path, new TextDecoder().decode(bytes)])).toEqual([
    ["policy.wasm", "content"],
    ["dir/a", "content"],
  ]);
});

test.each([
  ["a path that leads out", [{ path: "/../policy.wasm", bytes }], /leads out/],
  ["a path that leads out in the middle", [{ path: "a/../../b", bytes }], /leads out/],
  ["a path in the other direction", [{ path: "..\\policy.wasm", bytes }], /leads out/],
  ["a symbolic link", [{ path: "policy.wasm", type: "2" }], /neither a file/],
  ["a hard link", [{ path: "policy.wasm", type: "1" }], /neither a file/],
  ["a device", [{ path: "policy.wasm", type: "3" }], /neither a file/],
  ["an extension header", [{ path: "policy.wasm", type: "x", bytes }], /neither a file/],
  [
    "the same file twice",
    [
      { path: "policy.wasm", bytes },
      { path: "/policy.wasm", bytes },
    ],
    /twice/,
  ],
  ["too many files", Array.from({ length: 11 }, (_, i) => ({ path: `f${i}` })), /more than 10/],
])("%s is refused", (_name, entries, message) => {
  expect(() => readTar(tar(entries), limits)).toThrow(message);
});

test("a size beyond the archive is refused", () => {
  const archive = tar([{ path: "policy.wasm", bytes }]);
  expect(() => readTar(archive.subarray(0, 512 + 512 - 509), limits)).toThrow(/ends within/);
});

test("an archive without its end is refused", () => {
  expect(() => readTar(tar([{ path: "policy.wasm", bytes }]).subarray(0, 1024), limits)).toThrow(/no end/);
  expect(() => readTar(new Uint8Array(), limits)).toThrow(/no end/);
});

test("any damage to a header is noticed", () => {
  const archive = tar([{ path: "policy.wasm", bytes }]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 511 }), fc.integer({ min: 1, max: 255 }), (offset, change) => {
      const damaged = archive.slice();
      damaged[offset] = ((damaged[offset] ?? 0) + change) % 256;
      const isChecksum = offset >= 148 && offset < 156;
      // In the checksum field itself only its padding may differ.
      if (isChecksum) return;
      expect(() => readTar(damaged, limits)).toThrow();
    }),
  );
});

test("random bytes never give files", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 512, maxLength: 2_048 }), (noise) => {
      if (noise.subarray(0, 512).every((byte) => byte === 0)) return;
      expect(() => readTar(noise, limits)).toThrow();
    }),
  );
});
