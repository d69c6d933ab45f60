import { generateKeyPairSync } from "node:crypto";
import fs, { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readSavedApp, savedAppPath, writeSavedApp } from "../../src/config/saved-app.ts";

/** Whoever looks whether the file is there looks a moment too early. */
beforeEach(() => {
  vi.spyOn(fs, "existsSync").mockReturnValue(false);
  syncBuiltinESMExports();
});

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const APP = {
  githubApiUrl: "https://api.github.com",
  id: 7,
  slug: "hms",
  owner: "acme",
  ownerType: "Organization" as const,
  htmlUrl: "https://github.com/apps/hms",
  privateKey,
  webhookSecret: "s",
  clientId: "Iv23",
  clientSecret: "c",
};
const directory = (): string => mkdtempSync(join(tmpdir(), "hms-at-once-"));

test("of two that set up one directory at the same moment, the second overwrites nothing and leaves nothing", () => {
  const dataDir = directory();
  writeSavedApp(dataDir, APP);
  const before = readFileSync(savedAppPath(dataDir), "utf8");
  expect(() => writeSavedApp(dataDir, { ...APP, id: 8 })).toThrow("there are credentials already");
  expect(readFileSync(savedAppPath(dataDir), "utf8")).toBe(before);
  expect(readdirSync(dataDir)).toEqual(["github-app.json"]);
});

test("where the file system knows no links, the credentials are saved all the same", () => {
  vi.spyOn(fs, "linkSync").mockImplementation(() => {
    throw Object.assign(new Error("not supported"), { code: "EPERM" });
  });
  syncBuiltinESMExports();
  const dataDir = directory();
  writeSavedApp(dataDir, APP);
  expect(readSavedApp(dataDir)).toMatchObject({ kind: "saved", app: { id: 7 } });
  expect(readdirSync(dataDir)).toEqual(["github-app.json"]);
});
