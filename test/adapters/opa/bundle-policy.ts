import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type ArchiveEntry, tarGz } from "./archive.ts";

export const DIST = join(import.meta.dirname, "../../../policies/dist");

/** The default policy's WebAssembly. */
export const policyWasm = new Uint8Array(readFileSync(join(DIST, "policy.wasm")));

/** A directory that is removed when the test ends. */
export function directory(files: Record<string, string | Uint8Array> = {}): string {
  const path = mkdtempSync(join(tmpdir(), "hms-bundle-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

/** A bundle file that is removed when the test ends. */
export function archive(entries: ArchiveEntry[]): string {
  const path = join(directory(), "bundle.tar.gz");
  writeFileSync(path, tarGz(entries));
  return path;
}
