import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { openWasmChecker, PolicyBundleError } from "../../../src/adapters/opa/wasm-checker.ts";
import { mergeableInput } from "../../policies/inputs.ts";
import { archive, DIST, directory, policyWasm } from "./bundle-policy.ts";

const revision = (await openWasmChecker({ path: DIST })).revision();

async function refusal(path: string, pin?: string): Promise<string> {
  const opening = openWasmChecker(pin === undefined ? { path } : { path, pin });
  const error = await opening.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PolicyBundleError);
  return (error as Error).message;
}

test("a directory and an archive of the same policy are one revision", async () => {
  expect(revision).toMatch(/^sha256:[0-9a-f]{64}$/);
  const path = archive([
    { path: "/data.json", bytes: Buffer.from("{}\n") },
    { path: "/policies/merge.rego", bytes: Buffer.from("package hms") },
    { path: "/policy.wasm", bytes: policyWasm },
  ]);
  const checker = await openWasmChecker({ path, pin: revision });
  expect(checker.revision()).toBe(revision);
  expect((await checker.evaluate(mergeableInput())).verdict.allow).toBe(true);
});

test("data in a bundle is part of its revision", async () => {
  const withData = (text: string) =>
    archive([
      { path: "/policy.wasm", bytes: policyWasm },
      { path: "/data.json", bytes: Buffer.from(text) },
    ]);
  const [one, two] = await Promise.all(['{"a":1}', '{"a":2}'].map((text) => openWasmChecker({ path: withData(text) })));
  expect(new Set([revision, one?.revision(), two?.revision()]).size).toBe(3);
});

test("a pin is held", async () => {
  expect((await openWasmChecker({ path: DIST, pin: revision })).revision()).toBe(revision);
  const other = `sha256:${"0".repeat(64)}`;
  expect(await refusal(DIST, other)).toContain(`${other} is pinned`);
  expect(await refusal(DIST, "latest")).toContain("not of the form");
  expect(await refusal(DIST, revision.toUpperCase())).toContain("not of the form");
});

test("a path that is not there", async () => {
  expect(await refusal(join(directory(), "away"))).toContain("ENOENT");
});

test("directories that are no policy", async () => {
  expect(await refusal(directory())).toContain("policy.wasm");
  expect(await refusal(directory({ "policy.wasm": policyWasm }))).toContain("manifest.json");
  expect(await refusal(directory({ "policy.wasm": policyWasm, "manifest.json": "{" }))).toContain("is not JSON");
  expect(await refusal(directory({ "policy.wasm": policyWasm, "manifest.json": "{}" }))).toContain(
    "is not a policy manifest",
  );
});

test("a policy that is not the one its manifest speaks of", async () => {
  const manifest = JSON.stringify({ revision: `sha256:${"1".repeat(64)}`, entrypoints: ["hms/decision"] });
  expect(await refusal(directory({ "policy.wasm": policyWasm, "manifest.json": manifest }))).toContain(revision);
});

test("archives that are no bundle", async () => {
  const file = (content: Uint8Array) => {
    const path = join(directory(), "bundle.tar.gz");
    writeFileSync(path, content);
    return path;
  };
  expect(await refusal(file(Buffer.from("not an archive")))).toContain("damaged");
  expect(await refusal(file(gzipSync("not an archive")))).toContain("damaged");
  expect(await refusal(archive([{ path: "policy.rego" }]))).toContain("opa build -t wasm");
  expect(await refusal(archive([{ path: "/../policy.wasm", bytes: policyWasm }]))).toContain("leads out of it");
  expect(
    await refusal(
      archive([
        { path: "policy.wasm", bytes: policyWasm },
        { path: "data.json", bytes: Buffer.from("[]") },
      ]),
    ),
  ).toContain("data.json");
  const cut = archive([{ path: "policy.wasm", bytes: policyWasm }]);
  truncateSync(cut, 10_000);
  expect(await refusal(cut)).toContain("damaged");
});

test("a small archive that unpacks to a large one", async () => {
  const path = join(directory(), "bundle.tar.gz");
  writeFileSync(path, gzipSync(Buffer.alloc(65 * 1024 * 1024)));
  expect(await refusal(path)).toContain("damaged");
});

test("WebAssembly that is no policy", async () => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  expect(await refusal(archive([{ path: "policy.wasm", bytes: empty }]))).toContain("not a policy compiled by OPA");
  expect(await refusal(archive([{ path: "policy.wasm", bytes: new Uint8Array(9) }]))).toContain("not WebAssembly");
  expect(await refusal(archive([{ path: "policy.wasm", bytes: policyWasm.slice(0, 1_000) }]))).toContain(
    "not WebAssembly",
  );
});
