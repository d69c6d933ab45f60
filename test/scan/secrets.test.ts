import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { lintSource } from "@secretlint/core";
import { rules as presetRules } from "@secretlint/secretlint-rule-preset-recommend";
import type { SecretLintCoreConfig } from "@secretlint/types";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { secretsCheckRun } from "../../src/scan/check-run.ts";
import { toolFileName } from "../../src/scan/secrets/file.ts";
import { KINDS } from "../../src/scan/secrets/kinds.ts";
import { TOOL_CONFIG } from "../../src/scan/secrets/rules.ts";
import {
  createSecretScanner,
  filesOfBlob,
  inAnyCommit,
  newSideOfPatch,
  prepareFile,
  SCANNER_REVISION,
} from "../../src/scan/secrets.ts";
import { anyPlanted, PLANTED } from "./planted-secrets.ts";

const SHA = "c".repeat(40);
const KEY = `${"AKI"}AZ7QWERTYUIOP1234`;
const scanner = createSecretScanner();
afterAll(() => scanner.close());

async function scanText(text: string, path = "config/deploy.env") {
  return (await scanner.scanCommit({ sha: SHA, message: "", files: [{ path, text }] })).findings;
}

describe("what is found", () => {
  test.each(PLANTED.map((arbitrary, index) => ({ arbitrary, index })))(
    "kind $index of planted secrets",
    async ({ arbitrary }) => {
      for (const planted of fc.sample(arbitrary, { numRuns: 20, seed: 7 })) {
        const findings = await scanText(`first\n${planted.line}\nlast\n`);
        expect(findings.map((finding) => [finding.rule, finding.location.line])).toEqual([[planted.rule, 2]]);
      }
    },
  );

  test("a key in a commit's message, without a path", async () => {
    const { findings } = await scanner.scanCommit({ sha: SHA, message: `Deploy\n\nwith ${KEY}`, files: [] });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      rule: "secrets/aws-access-key-id",
      severity: "high",
      message: "AWS access key ID in the commit message.",
      location: { commit: SHA, line: 3, endLine: 3 },
    });
    expect(findings[0]?.location).not.toHaveProperty("path");
  });

  test("a service account file is one finding, at its key", async () => {
    const pem = `-----BEGIN PRIV${"ATE"} KEY-----\\nMI${"A".repeat(300)}\\n-----END PRIV${"ATE"} KEY-----\\n`;
    const file = `{\n "private_key_id": "1",\n "private_key": "${pem}"\n}`;
    const findings = await scanText(file, "gcp.json");
    expect(findings.map((finding) => [finding.rule, finding.location.line])).toEqual([
      ["secrets/gcp-service-account-key", 3],
    ]);
  });

  test("documentation keys and account numbers are not findings", async () => {
    expect(await scanText(`AKI${"A"}IOSFODNN7EXAMPLE\naws_account_id = 123456789012`)).toEqual([]);
  });

  test("a database on a compose network is milder than one on the net", async () => {
    const of = async (host: string) => (await scanText(`postgres://app:s3cretpw@${host}:5432/x`))[0]?.severity;
    expect(await of("db")).toBe("medium");
    expect(await of("db.acme.dev")).toBe("critical");
  });
});

/** Texts in which the tool's own comment filter hides the key: without that, the tests below would prove nothing. */
const HIDING = [
  `${KEY} // secretlint-disable-line\n`,
  `// secretlint-disable-next-line\n${KEY}\n`,
  `// secretlint-disable\n\n\n\n${KEY}\n`,
  `# secretlint-disable @secretlint/secretlint-rule-aws -- fine\n${KEY}\n`,
];

test.each(HIDING)("the tool's preset would obey: %#", async (content) => {
  const options = { enableIDScanRule: true };
  const config = {
    rules: presetRules.map((rule) => ({ id: rule.meta.id, rule, options })),
  } as unknown as SecretLintCoreConfig;
  const source = { filePath: "a.txt", content, contentType: "text" as const };
  expect((await lintSource({ source, options: { config } })).messages).toEqual([]);
});

describe("suppression comments have no effect and are told", () => {
  test.each([
    ...HIDING,
    `${KEY} # gitleaks:allow`,
    `${KEY} # nosec`,
    `${KEY} # pragma: allowlist secret`,
    `# pragma: allowlist nextline secret\n${KEY}`,
    `${KEY} # trufflehog:ignore`,
    `${KEY} # nosemgrep`,
    `${KEY} // NOSONAR`,
    `${KEY} # ggignore`,
    `${KEY} # checkov:skip=CKV_SECRET_2`,
  ])("%#", async (text) => {
    const findings = await scanText(text);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.message).toBe(
      "AWS access key ID in config/deploy.env. A suppression comment does not count here.",
    );
  });

  test("no such words where there is no such comment", async () => {
    expect((await scanText(`a\n${KEY}\nb`))[0]?.message).toBe("AWS access key ID in config/deploy.env.");
  });
});

describe("only what the commit added", () => {
  const patch = (key: string, mark: string) => `@@ -1,2 +10,3 @@\n one\n${mark}${key}\n${mark === "+" ? " " : "+"}two`;
  test.each([
    { mark: "+", lines: [11] },
    { mark: " ", lines: [] },
  ])("mark '$mark'", async ({ mark, lines }) => {
    const side = newSideOfPatch(patch(KEY, mark));
    const file = { path: "a", text: side.text, lineNumbers: side.lineNumbers, addedLines: side.added };
    const { findings } = await scanner.scanCommit({ sha: SHA, message: "", files: [file] });
    expect(findings.map((finding) => finding.location.line)).toEqual(lines);
  });

  test("a private key with one added line counts, lines map over hunks", async () => {
    const body = Array.from({ length: 4 }, () => "A".repeat(64));
    const key = [
      `-----BEGIN RSA PRIV${"ATE"} KEY-----`,
      `MI${"A".repeat(62)}`,
      ...body,
      `-----END RSA PRIV${"ATE"} KEY-----`,
    ];
    const lines = key.map((line, at) => (at === 3 ? `+${line}` : ` ${line}`));
    const side = newSideOfPatch(`@@ -1 +1 @@\n-x\n+y\n@@ -50,6 +50,7 @@\n${lines.join("\n")}`, {
      additions: 2,
      deletions: 1,
    });
    expect(side.truncated).toBeUndefined();
    const file = { path: "k.pem", text: side.text, lineNumbers: side.lineNumbers, addedLines: side.added };
    const { findings } = await scanner.scanCommit({ sha: SHA, message: "", files: [file] });
    expect(findings.map(({ location }) => [location.line, location.endLine])).toEqual([[50, 56]]);
  });
});

test("a private key whose second half is added later counts, seen in the blob", async () => {
  const body = Array.from({ length: 8 }, () => "A".repeat(64));
  const end = `-----END RSA PRIV${"ATE"} KEY-----`;
  const lines = [`-----BEGIN RSA PRIV${"ATE"} KEY-----`, `MI${"A".repeat(62)}`, ...body, end];
  const patch = `@@ -8,3 +8,4 @@\n ${body[0]}\n ${body[0]}\n ${body[0]}\n+${end}`;
  const preparation = prepareFile({
    path: "k.pem",
    status: "modified",
    additions: 1,
    deletions: 0,
    blobSha: "b",
    patch,
  });
  expect(preparation).toMatchObject({ kind: "blob", addedLines: new Set([11]) });
  const scan = (addedLines: ReadonlySet<number>) =>
    scanner.scanCommit({
      sha: SHA,
      message: "",
      files: filesOfBlob("k.pem", Buffer.from(lines.join("\n")), addedLines),
    });
  expect((await scan(new Set([11]))).findings.map((finding) => finding.rule)).toEqual(["secrets/private-key"]);
  expect((await scan(new Set([12]))).findings).toEqual([]);
});

describe("what a blob may be", () => {
  const text = `a\nkey=${KEY}\n`;
  const swapped = Buffer.from(text, "utf16le").swap16();
  test.each([
    ["UTF-8 with a mark", Buffer.from(`\ufeff${text}`)],
    ["UTF-16LE with a mark", Buffer.from(`\ufeff${text}`, "utf16le")],
    ["UTF-16LE without", Buffer.from(text, "utf16le")],
    ["UTF-16BE without", swapped],
    ["UTF-16BE with a mark", Buffer.concat([Buffer.from([0xfe, 0xff]), swapped])],
  ])("%s", async (_name, bytes) => {
    const files = filesOfBlob("x.env", bytes);
    const { findings, notes } = await scanner.scanCommit({ sha: SHA, message: "", files });
    expect(findings.map((finding) => finding.location.line)).toEqual([2]);
    expect(notes).toEqual([]);
  });

  test("one NUL byte hides nothing", async () => {
    const files = filesOfBlob("x.bin", Buffer.concat([Buffer.from(text), Buffer.from([0])]));
    const { findings, notes } = await scanner.scanCommit({ sha: SHA, message: "", files });
    expect(findings.map((finding) => finding.location)).toEqual([{ commit: SHA, path: "x.bin" }]);
    expect(notes).toEqual(["Binary file x.bin in ccccccc: its printable strings were scanned."]);
  });

  test.each([
    ["a mark", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`${text}x`), Buffer.from([0])])],
    ["the other mark", Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text)])],
    ["a head of UTF-16", Buffer.concat([Buffer.from("x".repeat(2048), "utf16le"), Buffer.from(text)])],
  ])("nor does %s of UTF-16 before text that is none", async (_name, bytes) => {
    const { findings } = await scanner.scanCommit({ sha: SHA, message: "", files: filesOfBlob("x.bin", bytes) });
    expect(findings.map((finding) => finding.rule)).toContain("secrets/aws-access-key-id");
  });
});

test("the tool sees no path of a pull request: one of its rules opens .p12 files from the disk", () => {
  const ends = fc.constantFrom(
    "key.p12",
    "key.P12",
    "/etc/x.p12",
    "../../package.json",
    ".npmrc",
    "a.npmrc",
    "b.json",
    "",
  );
  fc.assert(
    fc.property(fc.string(), ends, (start, end) => {
      expect(["package.json", "package-lock.json", ".npmrc", "file.json", "file.txt"]).toContain(
        toolFileName(start + end),
      );
    }),
  );
});

describe("fingerprints", () => {
  test("stay when lines move, part equal lines by ordinal, and are others for another secret in its place", async () => {
    const [a, b] = await scanText(`key=${KEY}\nkey=${KEY}`);
    const [moved] = await scanText(`\n\n   key=${KEY}  `);
    const [other] = await scanText(`key=${"AKI"}AAAAABBBBCCCC1234`);
    expect(moved?.fingerprint).toBe(a?.fingerprint);
    expect(b?.fingerprint).not.toBe(a?.fingerprint);
    expect(other?.fingerprint).not.toBe(a?.fingerprint);
    expect((await scanText(`key=${KEY}`, "elsewhere"))[0]?.fingerprint).not.toBe(a?.fingerprint);
  });

  test("of what a commit does not show are another in each commit, of a file's one and the same", async () => {
    const limits = { fileSize: 1_000 };
    const [first, second] = await Promise.all(
      [SHA, "e".repeat(40)].map((sha) =>
        scanner.scanCommit({ sha, message: "x".repeat(2_000), files: [{ path: "big", unreadable: "x" }] }, limits),
      ),
    );
    const known = (scan: typeof first) => scan?.findings.map(inAnyCommit);
    expect(known(first)).toEqual(known(second));
    const prints = (scan: typeof first) => scan?.findings.map((one) => one.fingerprint) ?? [];
    expect(prints(first)[0]).not.toBe(prints(second)[0]);
    expect(prints(first)[1]).toBe(prints(second)[1]);
  });

  test("head lines: moved, gone, and a file that is gone", async () => {
    const findings = await scanText(`key=${KEY}`);
    const at = async (head: string | undefined) =>
      (await scanner.headLines(findings, "config/deploy.env", head))?.map((finding) => finding.location.headLine);
    expect(await at(`a\nb\nkey=${KEY}`)).toEqual([3]);
    expect(await at("key=$KEY")).toEqual([undefined]);
    expect(await at(`key=${"AKI"}AAAAABBBBCCCC1234`)).toEqual([undefined]);
    expect(await at(undefined)).toEqual([undefined]);
    expect(await scanner.headLines(findings, "other", `key=${KEY}`)).toEqual(findings);
  });
});

test("no output holds a planted secret", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyPlanted, { minLength: 1, maxLength: 5 }), fc.boolean(), async (planted, binary) => {
      const text = planted.map((one) => one.line).join(binary ? "\n" : "\nx\n");
      const scan = await scanner.scanCommit({
        sha: SHA,
        message: text,
        files: [{ path: "a.env", text, ...(binary ? { binary } : {}) }],
      });
      const findings = (await scanner.headLines(scan.findings, "a.env", text)) ?? [];
      const report = {
        kind: "secrets",
        status: "completed",
        sha: SHA,
        findings,
        scannedCommits: 1,
        notes: scan.notes,
      } as const;
      const output = JSON.stringify([scan, findings, secretsCheckRun(report, { number: 1, commits: 1 })]);
      expect(findings.length).toBeGreaterThan(0);
      for (const { secret } of planted) {
        expect(output).not.toContain(secret);
        // Neither a part of it: a mask that is off by some characters is found as well.
        for (let at = 0; at + 12 <= secret.length; at += 6) {
          const part = secret.slice(at, at + 12);
          if (!/-{4}|PRIVATE|BEGIN|xxxx/.test(part)) expect(output).not.toContain(part);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("every message of every rule of the tool has a kind, and the revision follows tool and table", () => {
  const rules = TOOL_CONFIG.rules.map(
    ({ rule }) => rule as { meta: { id: string }; messages: Record<string, unknown> },
  );
  expect(rules.map((rule) => rule.meta.id)).not.toContain("@secretlint/secretlint-rule-filter-comments");
  const messages = rules.flatMap((rule) =>
    Object.keys(rule.messages).map((id) => `${rule.meta.id.replace("@secretlint/secretlint-rule-", "")}/${id}`),
  );
  expect(messages.filter((message) => !(message in KINDS))).toEqual(["aws/AWSAccountID"]);
  const version = (name: string) =>
    JSON.parse(readFileSync(new URL(`../../node_modules/@secretlint/${name}/package.json`, import.meta.url), "utf8"))
      .version;
  expect(SCANNER_REVISION).toContain(`secretlint-${version("secretlint-rule-preset-recommend")}/`);
  expect(version("core")).toBe(version("secretlint-rule-preset-recommend"));
  const table = createHash("sha256").update(JSON.stringify(KINDS)).digest("hex").slice(0, 12);
  // When this fails, raise the number at the end of SCANNER_REVISION and write the new digest here.
  expect([SCANNER_REVISION, table]).toEqual(["secretlint-13.0.7/hms-3", "756d2ec06566"]);
});
