import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readPrivateKey } from "./private-key.ts";

const savedAppSchema = z.object({
  version: z.literal(1),
  /** The GitHub that knows the App, without a slash at the end. */
  githubApiUrl: z.string(),
  id: z.number().int().positive(),
  slug: z.string().min(1),
  owner: z.string().min(1),
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
