import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleBytes, MAX_FILE_BYTES, PolicyBundleError } from "./bundle.ts";
import { cappedBody } from "./capped-body.ts";

/** Where an organisation's own bundle comes from. */
export interface BundleSource {
  /** What to call it in problems. */
  name: string;
  /** Rejects with {@link PolicyBundleError}. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** A directory, a `.tar.gz` or a `policy.wasm`, which may be replaced while the process runs. */
export function bundleAt(path: string): BundleSource {
  return { name: path, read: () => bundleBytes(path) };
}

export interface RemoteBundle {
  /** https, or http to the loopback. */
  url: string;
  /** Hexadecimal digest of the file. What has another one is never used. */
  sha256: string;
  /** Where the file is kept, so that a start needs no network once it was fetched. */
  cacheDir: string;
  /** Default 30 s. */
  timeoutMs?: number;
}

/**
 * A bundle from a URL, fetched once: its digest says which bytes it has to be, so a copy that has it is as good. Only the named host is asked;
 * a redirect is a refusal, since it could lead anywhere.
 */
export function bundleFrom({ url, sha256, cacheDir, timeoutMs = 30_000 }: RemoteBundle): BundleSource {
  const kept = join(cacheDir, `policy-${sha256}.bundle`);
  return {
    name: url,
    async read() {
      const copy = await readKept(kept);
      if (copy !== undefined && digest(copy) === sha256) return copy;
      const bytes = await fetchBundle(url, timeoutMs);
      const found = digest(bytes);
      if (found !== sha256) {
        throw new PolicyBundleError(`The policy bundle ${url} has the SHA-256 ${found}, but ${sha256} is pinned.`);
      }
      await keep(kept, bytes);
      return bytes;
    },
  };
}

async function fetchBundle(url: string, timeoutMs: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(timeoutMs) });
    if (response.status !== 200) {
      await response.body?.cancel();
      const redirected =
        response.status >= 300 && response.status < 400 ? " Redirects are not followed: name the file itself." : "";
      throw new PolicyBundleError(`The policy bundle ${url} cannot be fetched: HTTP ${response.status}.${redirected}`);
    }
    const bytes = await cappedBody(response, MAX_FILE_BYTES);
    if (bytes === undefined)
      throw new PolicyBundleError(`The policy bundle ${url} is larger than ${MAX_FILE_BYTES} bytes.`);
    return bytes;
  } catch (error) {
    if (error instanceof PolicyBundleError) throw error;
    const { message, cause } = error as Error & { cause?: { code?: string } };
    throw new PolicyBundleError(`The policy bundle ${url} cannot be fetched: ${cause?.code ?? message}.`);
  }
}

async function readKept(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new PolicyBundleError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  }
}

async function keep(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(join(path, ".."), { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    await writeFile(unfinished, bytes, { mode: 0o600 });
    await rename(unfinished, path);
  } catch (error) {
    throw new PolicyBundleError(
      `${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`,
    );
  }
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
