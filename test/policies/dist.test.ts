import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type PolicyManifest, sourceDigests } from "../../scripts/policy-sources.ts";
import { toolVersion } from "../real/tools.ts";

const policies = join(import.meta.dirname, "../../policies");
const manifest: PolicyManifest = JSON.parse(readFileSync(join(policies, "dist/manifest.json"), "utf8"));

test('the compiled policy was compiled from these sources; if not, run "npm run policies"', async () => {
  expect(manifest.sources).toEqual(await sourceDigests(policies));
});

test("the compiled policy is the one its manifest speaks of", () => {
  const wasm = readFileSync(join(policies, "dist/policy.wasm"));
  expect(manifest.revision).toBe(`sha256:${createHash("sha256").update(wasm).digest("hex")}`);
});

test("the compiled policy was compiled by the pinned compiler", async () => {
  expect(manifest.compiler).toBe(await toolVersion("opa"));
});
