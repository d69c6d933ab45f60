import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { readTar } from "../src/adapters/opa/tar.ts";
import { ensureTool, ToolUnavailableError, toolVersion } from "../test/real/tools.ts";
import { type PolicyManifest, policySources, sourceDigests } from "./policy-sources.ts";

const POLICIES = join(import.meta.dirname, "..", "policies");
const DIST = join(POLICIES, "dist");
const ENTRYPOINT = "hms/decision";

/** Compiles `policies/*.rego` with the pinned OPA. The same sources give the same bytes in every directory. */
async function compile(opa: string): Promise<{ wasm: Uint8Array; manifest: PolicyManifest }> {
  // File names reach the output, so the compiler only ever sees relative ones.
  const workDir = await mkdtemp(join(tmpdir(), "hms-policies-"));
  try {
    const sources = await policySources(POLICIES);
    for (const { name } of sources) await copyFile(join(POLICIES, name), join(workDir, name));
    const names = sources.map(({ name }) => name);
    await promisify(execFile)(opa, ["build", "-t", "wasm", "-e", ENTRYPOINT, "-o", "bundle.tar.gz", ...names], {
      cwd: workDir,
    });
    const archive = gunzipSync(await readFile(join(workDir, "bundle.tar.gz")));
    const wasm = readTar(archive, { maxEntries: 100 }).find(({ path }) => path === "policy.wasm")?.bytes;
    if (wasm === undefined) throw new Error("opa build gave no policy.wasm");
    const revision = `sha256:${createHash("sha256").update(wasm).digest("hex")}`;
    const compiler = await toolVersion("opa");
    return {
      wasm,
      manifest: { revision, entrypoints: [ENTRYPOINT], compiler, sources: await sourceDigests(POLICIES) },
    };
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function committedMatches(wasm: Uint8Array, manifest: string): Promise<boolean> {
  try {
    const [committedWasm, committedManifest] = await Promise.all([
      readFile(join(DIST, "policy.wasm")),
      readFile(join(DIST, "manifest.json"), "utf8"),
    ]);
    return committedWasm.equals(wasm) && committedManifest === manifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function main(args: string[]): Promise<number> {
  const { wasm, manifest } = await compile(await ensureTool("opa"));
  const manifestText = `${JSON.stringify(manifest, null, 2)}\n`;
  if (args.includes("--check")) {
    if (await committedMatches(wasm, manifestText)) {
      console.log(`policies/dist is what the Rego gives: ${manifest.revision}`);
      return 0;
    }
    console.error('policies/dist is not what the Rego gives. Run "npm run policies" and commit the result.');
    return 1;
  }
  await mkdir(DIST, { recursive: true });
  await writeFile(join(DIST, "policy.wasm"), wasm);
  await writeFile(join(DIST, "manifest.json"), manifestText);
  console.log(`policies/dist: ${manifest.revision}, ${wasm.byteLength} bytes`);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof ToolUnavailableError ? error.message : error);
  process.exitCode = 1;
}
