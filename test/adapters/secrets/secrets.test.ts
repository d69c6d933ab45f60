import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { openSecrets } from "../../../src/adapters/secrets/secrets.ts";
import { SecretError } from "../../../src/ports/secrets.ts";

const root = mkdtempSync(join(tmpdir(), "hms-secrets-"));
afterAll(() => rmSync(root, { recursive: true }));
const directory = join(root, "secrets");
mkdirSync(join(directory, "..data", "acme"), { recursive: true });
writeFileSync(join(root, "outside"), "PLANTED");
writeFileSync(join(root, "secrets-of-others"), "PLANTED");
writeFileSync(join(directory, "..data", "token"), "t0ken\n");
writeFileSync(join(directory, "windows"), "a\nb\r\n");
writeFileSync(join(directory, "empty"), "\n");
writeFileSync(join(directory, "large"), "x".repeat(64 * 1024 + 1));
writeFileSync(join(directory, "binary"), Buffer.from([0xff, 0xfe]));
symlinkSync(join("..data", "token"), join(directory, "token"));
symlinkSync(join("..", "outside"), join(directory, "leads-out"));
symlinkSync(join("..", "secrets-of-others"), join(directory, "neighbour"));
symlinkSync("..", join(directory, "up"));
execFileSync("mkfifo", [join(directory, "pipe")]);
const secrets = openSecrets({ environment: { TOKEN: "from the environment", EMPTY: "" }, directory });

test.each([
  ["env:TOKEN", "from the environment"],
  ["file:token", "t0ken"],
  ["file:windows", "a\nb"],
])("%s", async (reference, text) => {
  expect(await secrets.resolve(reference)).toBe(text);
});

test.each([
  ["env:NOPE", "env:NOPE is empty or not there"],
  ["env:EMPTY", "env:EMPTY is empty or not there"],
  ["file:nope", "file:nope cannot be read (ENOENT)"],
  ["file:empty", "file:empty is empty or not there"],
  ["file:large", "file:large has more than 65536 bytes"],
  ["file:binary", "file:binary is not text"],
  ["file:pipe", "file:pipe is not a file"],
  ["file:up", "file:up leads out of the folder"],
  ["file:leads-out", "file:leads-out leads out of the folder"],
  ["file:neighbour", "file:neighbour leads out of the folder"],
  ["file:up/outside", "file:up/outside leads out of the folder"],
  ["file:../outside", "file:../outside does not name a file of the folder"],
  ["file:../secrets-of-others", "file:../secrets-of-others does not name a file of the folder"],
  ["file:/etc/hostname", "file:/etc/hostname does not name a file of the folder"],
  ["file:..data/token", "file:..data/token does not name a file of the folder"],
  ["hunter2", "a reference must be env:NAME or file:NAME"],
])("%s is refused", async (reference, message) => {
  await expect(secrets.resolve(reference)).rejects.toThrow(new SecretError(message));
});

test("without a folder there are no files", async () => {
  const none = openSecrets({ environment: {}, directory: undefined });
  await expect(none.resolve("file:token")).rejects.toThrow("file:token needs HMS_SECRETS_URL=file:DIRECTORY");
});

test("no name leads out of the folder", async () => {
  const part = fc.constantFrom("..", ".", "up", "", "outside", "secrets-of-others", "token", "..data", "\0", "%2e%2e");
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
      const answer = await secrets.resolve(`file:${parts.join("/")}`).catch((error: Error) => error);
      expect(String(answer)).not.toContain("PLANTED");
      expect(answer instanceof SecretError || answer === "t0ken").toBe(true);
    }),
  );
});
