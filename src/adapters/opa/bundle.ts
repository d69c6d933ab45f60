import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { z } from "zod";
import { readTar } from "./tar.ts";

export const MAX_FILE_BYTES = 32 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
const MAX_ENTRIES = 1_000;
const TOO_LARGE = `it unpacks to more than ${MAX_UNPACKED_BYTES} bytes`;

/** A policy bundle that cannot be used. The message is written for the operator who named it. */
export class PolicyBundleError extends Error {
  override name = "PolicyBundleError";
}

/** A compiled policy, read but not yet compiled by the engine. */
export interface PolicyBundle {
  wasm: Uint8Array<ArrayBuffer>;
  /** The bundle's data document; `{}` where it has none. */
  data: object;
  /** `sha256:<hex>` of the WebAssembly; where the bundle brings data, of both digests, because both decide. */
  revision: string;
}

/** What every WebAssembly module begins with. */
const WASM_MAGIC = Buffer.from("\0asm", "latin1");

/** Reads a directory (`policy.wasm`, `manifest.json`), a compiled OPA bundle (`.tar.gz`), or the `policy.wasm` alone. */
export async function readBundle(path: string): Promise<PolicyBundle> {
  return parseBundle(await bundleBytes(path), path);
}

/** The bytes that stand at the path, for {@link parseBundle}: of a directory, those of its `policy.wasm`. */
export async function bundleBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new PolicyBundleError(`The policy bundle ${path} cannot be read: ${error.code ?? error.message}.`);
  });
  return info.isDirectory() ? directoryBytes(path) : readCapped(path);
}

/**
 * A compiled OPA bundle (`.tar.gz`), or the `policy.wasm` alone.
 * @param name what to call it in problems.
 */
export async function parseBundle(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<PolicyBundle> {
  if (bytes.byteLength > MAX_FILE_BYTES)
    throw new PolicyBundleError(`The policy bundle ${name} is larger than ${MAX_FILE_BYTES} bytes.`);
  return WASM_MAGIC.equals(bytes.subarray(0, WASM_MAGIC.length))
    ? bundleOf(bytes, undefined, name)
    : readArchive(bytes, name);
}

const directoryManifest = z.object({ revision: z.string(), entrypoints: z.array(z.string()) });

async function directoryBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const wasm = await readCapped(join(path, "policy.wasm"));
  const manifest = directoryManifest.safeParse(
    parseJson(await readCapped(join(path, "manifest.json")), "manifest.json", path),
  );
  if (!manifest.success)
    throw new PolicyBundleError(`manifest.json in the policy bundle ${path} is not a policy manifest.`);
  const revision = sha256(wasm);
  if (manifest.data.revision !== revision) {
    throw new PolicyBundleError(
      `policy.wasm in ${path} is ${revision}, but its manifest.json says ${manifest.data.revision}. Run "npm run policies".`,
    );
  }
  return wasm;
}

async function readArchive(packed: Uint8Array, path: string): Promise<PolicyBundle> {
  const entries = await unpack(packed).catch((error: Error) => {
    const reason = "code" in error && error.code === "ERR_BUFFER_TOO_LARGE" ? TOO_LARGE : error.message;
    throw new PolicyBundleError(`The policy bundle ${path} is damaged: ${reason}.`);
  });
  const file = (name: string) => entries.find((entry) => entry.path === name)?.bytes;
  const wasm = file("policy.wasm");
  if (wasm === undefined) {
    throw new PolicyBundleError(
      `The policy bundle ${path} has no policy.wasm: compile it with "opa build -t wasm -e hms/decision".`,
    );
  }
  return bundleOf(new Uint8Array(wasm), file("data.json"), path);
}

async function unpack(packed: Uint8Array) {
  const archive = await promisify(gunzip)(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
  return readTar(archive, { maxEntries: MAX_ENTRIES });
}

function bundleOf(wasm: Uint8Array<ArrayBuffer>, dataBytes: Uint8Array | undefined, path: string): PolicyBundle {
  const data = dataBytes === undefined ? {} : parseJson(dataBytes, "data.json", path);
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new PolicyBundleError(`data.json in the policy bundle ${path} is not an object.`);
  }
  const revision =
    dataBytes === undefined || Object.keys(data).length === 0
      ? sha256(wasm)
      : sha256(Buffer.from(`${sha256(wasm)}\n${sha256(dataBytes)}\n`));
  return { wasm, data, revision };
}

async function readCapped(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new PolicyBundleError(`${path} is larger than ${MAX_FILE_BYTES} bytes.`);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof PolicyBundleError) throw error;
    throw new PolicyBundleError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  }
}

function parseJson(bytes: Uint8Array, name: string, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new PolicyBundleError(`${name} in the policy bundle ${path} is not JSON.`);
  }
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
