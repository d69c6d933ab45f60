import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What `policies/dist/manifest.json` says of the compiled policy beside it. */
export interface PolicyManifest {
  /** `sha256:<hex>` of `policy.wasm`. */
  revision: string;
  entrypoints: string[];
  /** The compiler, `github.com/open-policy-agent/opa v1.22.0`. */
  compiler: string;
  /** SHA-256 (hex) of each Rego file that was compiled, by name. */
  sources: Record<string, string>;
}

/** The Rego files that are compiled: all but the tests. Sorted by name. */
export async function policySources(policiesDir: string): Promise<{ name: string; bytes: Buffer }[]> {
  const names = (await readdir(policiesDir)).filter((name) => name.endsWith(".rego") && !name.endsWith("_test.rego"));
  return Promise.all(names.sort().map(async (name) => ({ name, bytes: await readFile(join(policiesDir, name)) })));
}

/** The `sources` of a manifest, as the files are now. */
export async function sourceDigests(policiesDir: string): Promise<Record<string, string>> {
  const sources = await policySources(policiesDir);
  return Object.fromEntries(sources.map(({ name, bytes }) => [name, createHash("sha256").update(bytes).digest("hex")]));
}
