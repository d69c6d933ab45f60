import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { readSavedApp, savedAppPath, writeSavedApp } from "../../src/config/saved-app.ts";

const { files } = vi.hoisted(() => ({ files: { links: true } }));
/** Whoever looks whether the file is there looks a moment too early. */
vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs")>();
  return {
    ...real,
    existsSync: () => false,
    linkSync: (from: string, to: string) => {
      if (!files.links) throw Object.assign(new Error("not supported"), { code: "EPERM" });
      real.linkSync(from, to);
    },
  };
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
  files.links = false;
  const dataDir = directory();
  writeSavedApp(dataDir, APP);
  expect(readSavedApp(dataDir)).toMatchObject({ kind: "saved", app: { id: 7 } });
  expect(readdirSync(dataDir)).toEqual(["github-app.json"]);
});
