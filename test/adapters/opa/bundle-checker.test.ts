import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  type BundleChecker,
  type BundleCheckerOptions,
  openBundleChecker,
} from "../../../src/adapters/opa/bundle-checker.ts";
import { bundleAt } from "../../../src/adapters/opa/bundle-source.ts";
import { EvaluationError, openWasmChecker } from "../../../src/adapters/opa/wasm-checker.ts";
import { mergeableInput } from "../../policies/inputs.ts";
import { tarGz } from "./archive.ts";
import { DIST, directory, policyWasm } from "./bundle-policy.ts";
import { bodies, policyThat } from "./rewritten-policy.ts";

const own = await openWasmChecker({ path: DIST });
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function open(options: BundleCheckerOptions): Promise<BundleChecker> {
  const checker = await openBundleChecker({ openMs: 60_000, evaluateMs: 5_000, ...options });
  onTestFinished(() => checker.close());
  return checker;
}

function file(content: Uint8Array): string {
  const path = join(directory(), "bundle.tar.gz");
  writeFileSync(path, content);
  return path;
}

/** The same policy in other bytes: a custom section that means nothing. */
const samePolicyInOtherBytes = Buffer.concat([policyWasm, Uint8Array.of(0, 2, 1, 0x78)]);
const bundle = (wasm: Uint8Array) => tarGz([{ path: "policy.wasm", bytes: wasm }]);

test("the same policy decides the same in threads, many at once", async () => {
  const checker = await open({ source: bundleAt(DIST) });
  expect(checker.revision()).toBe(own.revision());
  const inputs = Array.from({ length: 50 }, (_, i) => mergeableInput({ unknown: i % 2 === 0 ? [] : [`fact ${i}`] }));
  const [ours, theirs] = await Promise.all(
    [own, checker].map((one) => Promise.all(inputs.map((input) => one.evaluate(input)))),
  );
  expect(theirs).toEqual(ours);
});

test("a pin is the file's digest or the revision, and nothing else", async () => {
  const packed = bundle(policyWasm);
  const source = bundleAt(file(packed));
  for (const pin of [sha256(packed), own.revision().slice("sha256:".length)]) {
    expect((await open({ source, pin })).revision()).toBe(own.revision());
  }
  await expect(openBundleChecker({ source, pin: "0".repeat(64), openMs: 60_000 })).rejects.toThrow("is pinned");
});

test("a policy that loops is undecided, again and again, and others are asked meanwhile", async () => {
  const checker = await open({ source: bundleAt(file(bundle(policyThat(bodies.loopsForever)))), evaluateMs: 100 });
  for (let i = 0; i < 2; i++) {
    const error = await checker.evaluate(mergeableInput()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EvaluationError);
    expect((error as Error).message).toContain("longer than 100 ms");
  }
});

test("questions that come faster than answers are refused at once", async () => {
  const checker = await open({ source: bundleAt(DIST), maxWaiting: 2 });
  const answers = await Promise.allSettled(Array.from({ length: 6 }, () => checker.evaluate(mergeableInput())));
  expect(answers.map((one) => one.status).sort()).toEqual([
    ...Array(4).fill("fulfilled"),
    ...Array(2).fill("rejected"),
  ]);
});

test("what people try out takes no place in the threads of the gate", async () => {
  const checker = await open({ source: bundleAt(DIST), maxWaiting: 1 });
  const tried = Array.from({ length: 2 }, () => checker.apart.evaluate(mergeableInput()));
  const gates = Array.from({ length: 2 }, () => checker.evaluate(mergeableInput()));
  const statuses = async (asked: Promise<unknown>[]) => (await Promise.allSettled(asked)).map((one) => one.status);
  expect(await statuses(gates)).toEqual(["fulfilled", "fulfilled"]);
  expect(await statuses(tried)).toEqual(["fulfilled", "rejected"]);
  expect(await checker.apart.evaluate(mergeableInput())).toEqual(await checker.evaluate(mergeableInput()));
});

test("reload takes a new bundle and keeps the last good one", async () => {
  const path = file(bundle(policyWasm));
  const checker = await open({ source: bundleAt(path) });
  const first = checker.revision();
  expect(await checker.reload()).toEqual({ kind: "unchanged", revision: first });

  writeFileSync(path, bundle(samePolicyInOtherBytes));
  const asked = checker.evaluate(mergeableInput());
  const report = await checker.reload();
  expect(report).toEqual({ kind: "replaced", revision: checker.revision(), previousRevision: first });
  expect(checker.revision()).not.toBe(first);
  expect((await asked).bundleRevision).toBe(first);

  writeFileSync(path, "broken");
  expect(await checker.reload()).toMatchObject({ kind: "failed", revision: checker.revision() });
  rmSync(path);
  expect(await checker.reload()).toMatchObject({ kind: "failed", reason: expect.stringContaining("ENOENT") });
  expect(await checker.evaluate(mergeableInput())).toMatchObject({
    verdict: { allow: true },
    bundleRevision: checker.revision(),
  });
});

test("reload holds the pin", async () => {
  const path = file(bundle(policyWasm));
  const checker = await open({ source: bundleAt(path), pin: own.revision().slice("sha256:".length) });
  writeFileSync(path, bundle(samePolicyInOtherBytes));
  expect(await checker.reload()).toMatchObject({ kind: "failed", reason: expect.stringContaining("is pinned") });
  expect(checker.revision()).toBe(own.revision());
});
