import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { GunzipProblem, gunzipped, PACKED_RATIO_MAX, readSarif } from "../../../src/scan/sarif.ts";
import { chunks, log, result, run, SAST } from "./report.ts";

const CAPS = { packedBytes: 100_000, unpackedBytes: 5_000_000, ratio: 200 };

async function all(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
}

test("what was packed comes out, in whatever parts it arrives", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), fc.integer({ min: 1, max: 100 }), async (bytes, size) => {
      expect(await all(gunzipped(chunks(gzipSync(bytes), size), CAPS))).toEqual(Buffer.from(bytes));
    }),
    { numRuns: 50 },
  );
}, 60_000);

const noise = Buffer.from(Array.from({ length: 50_000 }, (_, at) => (at * 7919 * (at >> 3)) & 255));

test.each([
  ["too large when packed", gzipSync(noise), { packedBytes: 1_000 }, /packed/, true],
  ["too large when unpacked", gzipSync(noise), { unpackedBytes: 10_000 }, /10000 bytes when unpacked/, true],
  ["a bomb", gzipSync(Buffer.alloc(4_000_000)), {}, /200 to 1/, true],
  ["no gzip", Buffer.from("hello"), {}, /not a gzip/, false],
  ["nothing", Buffer.alloc(0), {}, /empty/, false],
  ["cut off", gzipSync(noise).subarray(0, 900), {}, /breaks off/, false],
  [
    "broken",
    Buffer.concat([gzipSync(noise).subarray(0, 300), Buffer.alloc(900, 255)]),
    {},
    /not a gzip|breaks off/,
    false,
  ],
  ["a wrong checksum", Buffer.concat([gzipSync(noise).subarray(0, -8), Buffer.alloc(8)]), {}, /not a gzip/, false],
])("refused: %s", async (_name, bytes, caps, message, tooLarge) => {
  const packed = () => gunzipped(chunks(bytes, 100), { ...CAPS, ...caps });
  const problem = await all(packed()).catch((error) => error);
  expect(problem).toBeInstanceOf(GunzipProblem);
  expect(problem).toMatchObject({ message: expect.stringMatching(message), tooLarge });
  expect(await readSarif(packed(), SAST)).toMatchObject({ ok: false });
});

test("one rule that a long file breaks in each of its lines is no bomb", async () => {
  const results = Array.from({ length: 25_000 }, (_, at) => ({
    ruleId: "javascript.lang.security.detect-eval",
    level: "error",
    message: { text: "Detected eval(expression), which is dangerous with what a user wrote. ".repeat(4) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: "src/vendor/bundle.js", uriBaseId: "%SRCROOT%" },
          region: { startLine: at + 1, startColumn: 3, endLine: at + 1, endColumn: 22, snippet: { text: "  eval(x)" } },
        },
      },
    ],
    fingerprints: { "matchBasedId/v1": "requires login" },
    properties: {},
  }));
  const packed = gzipSync(JSON.stringify(log(run(results)), null, 2), { level: 9 });
  const caps = { packedBytes: 1e7, unpackedBytes: 2e8, ratio: PACKED_RATIO_MAX };
  const reading = await readSarif(gunzipped(chunks(packed, 65_536), caps), SAST);
  expect(reading).toMatchObject({ ok: true });
});

test("a bomb is stopped while it is being unpacked", async () => {
  let out = 0;
  const read = async () => {
    for await (const part of gunzipped(chunks(gzipSync(Buffer.alloc(200_000_000)), 1_000), {
      ...CAPS,
      packedBytes: 10_000_000,
      unpackedBytes: 1e9,
    })) {
      out += part.length;
    }
  };
  await expect(read()).rejects.toThrow(GunzipProblem);
  expect(out).toBeLessThan(2_000_000);
});

test("a report that is packed too tightly is refused as too large", async () => {
  const report = JSON.stringify(log(run([result({ message: { text: "x".repeat(3_000_000) } })])));
  const reading = await readSarif(gunzipped(chunks(gzipSync(report), 100), CAPS), SAST);
  expect(reading).toEqual({ ok: false, problem: "the report is packed more tightly than 200 to 1.", tooLarge: true });
});

test("a report comes out of its gzip", async () => {
  const reading = await readSarif(gunzipped(chunks(gzipSync(JSON.stringify(log(run([result()])))), 50), CAPS), SAST);
  expect(reading).toMatchObject({ ok: true, result: { findings: [{ rule: "sast/python.eval" }] } });
});

test("what the connection throws is passed on: the world broke, not the report", async () => {
  async function* broken() {
    yield gzipSync(JSON.stringify(log(run([result()])))).subarray(0, 60);
    throw new Error("connection lost");
  }
  await expect(readSarif(gunzipped(broken(), CAPS), SAST)).rejects.toThrow("connection lost");
  await expect(readSarif(broken(), SAST)).resolves.toMatchObject({ ok: false });
});
