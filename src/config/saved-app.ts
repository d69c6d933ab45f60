import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { readPrivateKey } from "./private-key.ts";

const savedAppSchema = z.object({
  version: z.literal(1),
  /** The GitHub that knows the App, without a slash at the end. */
  githubApiUrl: z.string(),
  id: z.number().int().positive(),
  slug: z.string().min(1),
  owner: z.string().min(1),
  ownerType: z.enum(["User", "Organization"]),
  /** The App's own page. */
  htmlUrl: z.string(),
  /** PKCS#8 PEM. */
  privateKey: z.string().min(1),
  webhookSecret: z.string().min(1),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1),
});

/** The App that set-up registered, as it stands in `<HMS_DATA_DIR>/github-app.json`. */
export type SavedApp = z.infer<typeof savedAppSchema>;

export type ReadSavedApp =
  | { kind: "absent" }
  | { kind: "saved"; path: string; app: SavedApp }
  /** `problem` names the file and what to do, and quotes nothing of it. */
  | { kind: "broken"; problem: string };

export function savedAppPath(dataDir: string): string {
  return join(dataDir, "github-app.json");
}

export function readSavedApp(dataDir: string): ReadSavedApp {
  const path = savedAppPath(dataDir);
  const broken = (why: string): ReadSavedApp => ({
    kind: "broken",
    problem: `${path}, where set-up saved the App's credentials, ${why}. Restore it from a backup; or set APP_ID, PRIVATE_KEY_PATH (a new key from the App's page on GitHub) and WEBHOOK_SECRET; or delete the App on GitHub, move the file away and set up again`,
  });
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? { kind: "absent" } : broken(`cannot be read (${code ?? "error"})`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return broken("is not complete JSON");
  }
  const parsed = savedAppSchema.safeParse(json);
  if (!parsed.success) return broken(`has no valid ${parsed.error.issues[0]?.path.join(".") || "content"}`);
  const key = readPrivateKey(parsed.data.privateKey, undefined);
  if ("problem" in key) return broken("holds a private key that cannot be used");
  return { kind: "saved", path, app: { ...parsed.data, privateKey: key.pem } };
}

/**
 * Durable once it returns, and whole or not there at all whenever the process dies. Never overwrites: what is there is the only copy of a key.
 * @throws when the directory cannot be written, the file exists, or GitHub gave a key that cannot be used
 */
export function writeSavedApp(dataDir: string, app: Omit<SavedApp, "version">): SavedApp {
  const path = savedAppPath(dataDir);
  const key = readPrivateKey(app.privateKey, undefined);
  if ("problem" in key) throw new Error("GitHub gave a private key that cannot be used");
  const saved: SavedApp = savedAppSchema.parse({ version: 1, ...app, privateKey: key.pem });
  writeDurably(path, saved, takeFreeName);
  rmSync(notedPath(dataDir), { force: true });
  return saved;
}

const notedSchema = z.object({ beganAt: z.string(), owner: z.string(), appsUrl: z.string() });

/** A registration whose credentials are on their way: still there at a start, they were lost. */
export type NotedRegistration = z.infer<typeof notedSchema>;

function notedPath(dataDir: string): string {
  return join(dataDir, "github-app.registering.json");
}

export function noteRegistration(dataDir: string, noted: NotedRegistration): void {
  writeDurably(notedPath(dataDir), noted);
}

export function readNotedRegistration(dataDir: string): NotedRegistration | undefined {
  try {
    return notedSchema.parse(JSON.parse(readFileSync(notedPath(dataDir), "utf8")));
  } catch {
    // Only a hint: without it set-up begins as usual.
    return undefined;
  }
}

/** @throws when nothing can be written there: better before GitHub shows the credentials than after */
export function probeDirectory(dataDir: string): void {
  const path = join(dataDir, `.probe-${process.pid}`);
  writeDurably(path, {});
  rmSync(path);
}

/** Of two that set up the same directory at once, one fails. */
function takeFreeName(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    // Some file systems know no links. GitHub shows the credentials once: better saved with a smaller guard than lost.
    if ((error as NodeJS.ErrnoException).code === "EEXIST" || existsSync(path))
      throw new Error("there are credentials already");
    renameSync(temporary, path);
  }
  rmSync(temporary, { force: true });
}

function writeDurably(path: string, content: unknown, take: (from: string, to: string) => void = renameSync): void {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Not by the process's id alone: in containers that share the directory it is the same.
  const temporary = `${path}.${process.pid}.${randomUUID()}.tmp`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    take(temporary, path);
  } catch (error) {
    // It may hold a key.
    rmSync(temporary, { force: true });
    throw error;
  }
  const folder = openSync(directory, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
