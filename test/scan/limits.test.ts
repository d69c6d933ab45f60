import { afterAll, describe, expect, test } from "vitest";
import { createSecretScanner, filesOfBlob, ScannerUnavailable } from "../../src/scan/secrets.ts";

const SHA = "d".repeat(40);
const KEY = `${"AKI"}AZ7QWERTYUIOP1234`;

function program(source: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

/** Answers with no hits; hangs on a text with HANG, eats memory on EAT, dies on DIE. */
const FAKE = program(`
  import { parentPort } from "node:worker_threads";
  parentPort.on("message", ({ id, text }) => {
    if (text.includes("HANG")) for (;;);
    if (text.includes("DIE")) process.exit(3);
    if (text.includes("THROW")) throw new Error("planted-secret");
    if (text.includes("EAT")) { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); }
    parentPort.postMessage({ kind: "hits", id, hits: [] });
  });
  parentPort.postMessage({ kind: "ready" });
`);

const scanners = [createSecretScanner({ program: FAKE, memoryMb: 32 })];
afterAll(() => Promise.all(scanners.map((scanner) => scanner.close())));
const fake = scanners[0] as (typeof scanners)[0];

const files = (...texts: string[]) => texts.map((text, at) => ({ path: `f${at}`, text }));

describe("a thread that does not come back", () => {
  test.each([
    ["HANG", "f1 was not scanned to its end: its 1 KB took the scanner longer than 0.3 s."],
    ["DIE", "f1 was not scanned to its end: the scanner failed on its 1 KB."],
    ["THROW", "f1 was not scanned to its end: the scanner failed on its 1 KB."],
    ["EAT", "f1 was not scanned to its end: the scanner failed on its 1 KB."],
  ])("%s: that file is a finding, the others are scanned", async (word, message) => {
    const limits = { fileMs: word === "HANG" ? 300 : 20_000 };
    const scan = await fake.scanCommit({ sha: SHA, message: "m", files: files("a", word, "b", "c") }, limits);
    expect(scan).toEqual({
      findings: [
        expect.objectContaining({
          rule: "secrets/unscanned",
          severity: "high",
          message,
          location: { path: "f1", commit: SHA },
        }),
      ],
      notes: [],
      // Another time the thread may come back: this is not what is known of the commit for good.
      passing: true,
    });
    expect(await fake.scanCommit({ sha: SHA, message: "m", files: files("a") })).toEqual({ findings: [], notes: [] });
  });

  test("nor is a head known whose file it does not get through", async () => {
    const [finding] = (await fake.scanCommit({ sha: SHA, message: "", files: [{ path: "a", unreadable: "x" }] }))
      .findings;
    expect(await fake.headLines(finding ? [finding] : [], "a", "DIE")).toBeUndefined();
  });

  test("a commit past its deadline is incomplete, never clean", async () => {
    const scan = await fake.scanCommit(
      { sha: SHA, message: "m", files: files("HANG", "HANG", "HANG", "HANG") },
      { commitMs: 200 },
    );
    expect(scan.incomplete).toBe("Commit ddddddd took longer than 0.2 s to scan.");
  });

  test("a scanner that cannot start rejects", async () => {
    const broken = createSecretScanner({ program: program("throw new Error('no')") });
    scanners.push(broken);
    await expect(broken.scanCommit({ sha: SHA, message: "m", files: [] })).rejects.toThrow(ScannerUnavailable);
  });

  test("closing ends what waits", async () => {
    const closing = createSecretScanner({ program: FAKE });
    const scan = closing.scanCommit({ sha: SHA, message: "m", files: files("HANG", "HANG", "HANG") });
    setTimeout(() => closing.close(), 100);
    await expect(scan).rejects.toThrow(ScannerUnavailable);
    await expect(closing.scanCommit({ sha: SHA, message: "m", files: [] })).rejects.toThrow(ScannerUnavailable);
  });
});

describe("sizes", () => {
  test("a large file, an unreadable file and a large message are findings", async () => {
    const scan = await fake.scanCommit(
      {
        sha: SHA,
        message: KEY.repeat(100),
        files: [
          { path: "big", text: "x".repeat(2000) },
          { path: "lfs", unreadable: "its blob of 120 MB is too large for GitHub's API" },
        ],
      },
      { fileSize: 1000 },
    );
    expect(scan.findings.map((finding) => [finding.rule, finding.message])).toEqual([
      ["secrets/unscanned", "The commit message was not scanned: its 2 KB are beyond the limit of 1 KB."],
      ["secrets/unscanned", "big was not scanned: its 2 KB are beyond the limit of 1 KB."],
      ["secrets/unscanned", "lfs was not scanned: its blob of 120 MB is too large for GitHub's API."],
    ]);
  });

  test("beyond the commit's limit one finding counts the files", async () => {
    const scan = await fake.scanCommit(
      { sha: SHA, message: "", files: files("x".repeat(900), "y".repeat(200), "z".repeat(200)) },
      { commitSize: 1000 },
    );
    expect(scan.findings.map((finding) => finding.message)).toEqual([
      "2 files of this commit were not scanned, f1 the first: all its files together are beyond the limit of 1 KB.",
    ]);
  });

  test("a binary file is scanned up to the limit, what lies beyond is a finding", async () => {
    const real = createSecretScanner();
    scanners.push(real);
    const scan = (text: string) =>
      real.scanCommit({ sha: SHA, message: "", files: [{ path: "p.db", text, binary: true }] }, { fileSize: 1000 });
    const large = await scan(`${KEY}\n${"x ".repeat(1000)}`);
    expect(large.findings.map((finding) => [finding.rule, finding.message])).toEqual([
      ["secrets/aws-access-key-id", "AWS access key ID in p.db."],
      ["secrets/unscanned", "p.db was not scanned to its end: its printable strings are 2 KB, the limit is 1 KB."],
    ]);
    expect((await scan("x ".repeat(500))).findings).toEqual([]);
  });

  test("an image of 8 MB has few printable strings: no finding", async () => {
    let state = 1;
    const noise = Buffer.from(
      Uint8Array.from({ length: 8 * 1024 * 1024 }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state >>> 24;
      }),
    );
    const files = filesOfBlob("p.png", noise);
    expect((await fake.scanCommit({ sha: SHA, message: "", files })).findings).toEqual([]);
  });
});

test("a text that is hard for the tool's patterns ends in time", { timeout: 60_000 }, async () => {
  const real = createSecretScanner();
  scanners.push(real);
  const hard = `-----BEGIN PRIV${"ATE"} KEY-----${"A".repeat(9000)}\n`.repeat(300);
  const scan = await real.scanCommit(
    {
      sha: SHA,
      message: "",
      files: [
        { path: "hard", text: hard },
        { path: "ok", text: KEY },
      ],
    },
    { fileMs: 2000 },
  );
  expect(scan.findings.some((finding) => finding.location.path === "ok")).toBe(true);
});
