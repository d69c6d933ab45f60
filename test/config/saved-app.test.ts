import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  noteRegistration,
  probeDirectory,
  readNotedRegistration,
  readSavedApp,
  savedAppPath,
  writeSavedApp,
} from "../../src/config/saved-app.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const APP = {
  githubApiUrl: "https://api.github.com",
  id: 7,
  slug: "hms-acme",
  owner: "acme",
  ownerType: "Organization" as const,
  htmlUrl: "https://github.com/apps/hms-acme",
  privateKey: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
  webhookSecret: "w",
  clientId: "Iv23",
  clientSecret: "c",
};
const directory = (): string => join(mkdtempSync(join(tmpdir(), "hms-saved-")), "data");

test("what is saved is read back, by its owner alone, and the note of it is gone", () => {
  const dataDir = directory();
  noteRegistration(dataDir, { beganAt: "2026-03-01T12:00:00Z", owner: "acme", appsUrl: "https://x" });
  expect(readNotedRegistration(dataDir)).toMatchObject({ owner: "acme" });
  const saved = writeSavedApp(dataDir, APP);
  expect(readSavedApp(dataDir)).toMatchObject({ kind: "saved", app: saved });
  expect(statSync(savedAppPath(dataDir)).mode & 0o777).toBe(0o600);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  expect(readdirSync(dataDir)).toEqual(["github-app.json"]);
  expect(readNotedRegistration(dataDir)).toBeUndefined();
});

test("the only copy of a key is never overwritten", () => {
  const dataDir = directory();
  writeSavedApp(dataDir, APP);
  const before = readFileSync(savedAppPath(dataDir), "utf8");
  expect(() => writeSavedApp(dataDir, { ...APP, id: 8 })).toThrow("there are credentials already");
  expect(readFileSync(savedAppPath(dataDir), "utf8")).toBe(before);
});

test("a key that cannot be used is not saved", () => {
  const dataDir = directory();
  expect(() => writeSavedApp(dataDir, { ...APP, privateKey: "x" })).toThrow(/key that cannot be used/);
  expect(existsSync(savedAppPath(dataDir))).toBe(false);
});

test("what a killed process left half written does not count", () => {
  const dataDir = directory();
  probeDirectory(dataDir);
  writeFileSync(`${savedAppPath(dataDir)}.12.tmp`, '{"version":1,');
  expect(readSavedApp(dataDir)).toEqual({ kind: "absent" });
  writeFileSync(savedAppPath(dataDir), '{"version":1,');
  expect(readSavedApp(dataDir)).toMatchObject({ kind: "broken" });
});

test("a directory that cannot be written is told before anything is registered", () => {
  const dataDir = directory();
  probeDirectory(dataDir);
  expect(readdirSync(dataDir)).toEqual([]);
  const file = join(dataDir, "file");
  writeFileSync(file, "");
  expect(() => probeDirectory(join(file, "data"))).toThrow();
});
