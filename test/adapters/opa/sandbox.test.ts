import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { openSandbox, type SandboxOptions } from "../../../src/adapters/opa/sandbox.ts";
import { EvaluationError, openWasmChecker, PolicyBundleError } from "../../../src/adapters/opa/wasm-checker.ts";
import type { CheckerInput } from "../../../src/model/checker-input.ts";
import type { PolicyOnTrial } from "../../../src/ports/checker.ts";
import { mergeableInput } from "../../policies/inputs.ts";
import { tarGz } from "./archive.ts";
import { DIST, policyWasm } from "./bundle-policy.ts";
import { bodies, policyThat, policyWithOwnMemory } from "./rewritten-policy.ts";

const inForce = await openWasmChecker({ path: DIST });
const bundle = (wasm: Uint8Array) => tarGz([{ path: "/policy.wasm", bytes: wasm }]);

async function withPolicy(
  bytes: Uint8Array | undefined,
  work: (policy: PolicyOnTrial) => Promise<void>,
  options: SandboxOptions = {},
): Promise<void> {
  const policy = await openSandbox(inForce, { openMs: 60_000, ...options }).open(bytes);
  try {
    await work(policy);
  } finally {
    await policy.close();
  }
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await openSandbox(inForce, { openMs: 60_000 })
    .open(bytes)
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toBeInstanceOf(PolicyBundleError);
  return (error as Error).message;
}

test("a policy on trial decides as it does in the process", async () => {
  await withPolicy(bundle(policyWasm), async (policy) => {
    expect(policy.revision()).toBe(inForce.revision());
    for (const input of [mergeableInput(), mergeableInput({ unknown: ["a fact"] })]) {
      expect(await policy.evaluate(input)).toEqual(await inForce.evaluate(input));
    }
  });
});

test("without a bundle the policy in force answers", async () => {
  await withPolicy(undefined, async (policy) => {
    expect(policy.revision()).toBe(inForce.revision());
    expect((await policy.evaluate(mergeableInput())).verdict.allow).toBe(true);
  });
});

test.each([
  ["an empty file", () => new Uint8Array(), "damaged"],
  ["no archive", () => Buffer.from("not an archive"), "damaged"],
  ["an archive without a compiled policy", () => tarGz([{ path: "policy.rego" }]), "opa build -t wasm"],
  ["a path that leads out", () => tarGz([{ path: "../policy.wasm", bytes: policyWasm }]), "leads out of it"],
  ["a small file that unpacks to a large one", () => gzipSync(Buffer.alloc(65 * 1024 * 1024)), "unpacks to more than"],
  ["100 MB", () => new Uint8Array(100_000_000), "larger than 33554432 bytes"],
  ["a policy with memory of its own", () => bundle(policyWithOwnMemory()), "memory of its own"],
])("%s is refused in words", async (_name, bytes, words) => {
  expect(await refusal(bytes())).toContain(words);
});

const policies = [
  ["loops", bodies.loopsForever, "longer than"],
  ["takes all memory", bodies.takesAllMemory, "longer than"],
  ["recurses without end", bodies.recursesForever, "call stack"],
] as const;

test.each(policies)("a policy that %s decides nothing, and this process goes on", async (_name, body, words) => {
  await withPolicy(
    bundle(policyThat(body)),
    async (policy) => {
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      const error = await policy.evaluate(mergeableInput()).catch((thrown: unknown) => thrown);
      clearInterval(timer);
      expect(error).toBeInstanceOf(EvaluationError);
      expect((error as Error).message).toContain(words);
      if (words === "longer than") expect(turns).toBeGreaterThan(1);
      expect((await inForce.evaluate(mergeableInput())).verdict.allow).toBe(true);
    },
    { evaluateMs: 300 },
  );
});

test("a policy that took too long three times in a row is not asked again", async () => {
  await withPolicy(
    bundle(policyThat(bodies.loopsForever)),
    async (policy) => {
      const answers = await Promise.allSettled(Array.from({ length: 20 }, () => policy.evaluate(mergeableInput())));
      const reasons = answers.map((one) => (one.status === "rejected" ? String(one.reason.message) : "decided"));
      expect(reasons.filter((reason) => reason.includes("longer than 50 ms"))).toHaveLength(3);
      expect(reasons.filter((reason) => reason.includes("closed") || reason.includes("in a row"))).toHaveLength(17);
      await expect(policy.evaluate(mergeableInput())).rejects.toThrow("3 inputs in a row");
    },
    { evaluateMs: 50 },
  );
});

test("inputs that no policy gets to see", async () => {
  await withPolicy(bundle(policyWasm), async (policy) => {
    const huge = mergeableInput({ pull_request: { changed_files: ["x".repeat(100_000_000)] } });
    await expect(policy.evaluate(huge)).rejects.toThrow("the limit is 8388608");
    let deep: unknown = ']\\"[';
    for (let i = 0; i < 70; i++) deep = [deep];
    await expect(policy.evaluate({ ...mergeableInput(), labels: deep } as CheckerInput)).rejects.toThrow(
      "nested deeper",
    );
    const brackets = mergeableInput({ pull_request: { labels: ['"\\', "[".repeat(100)] } });
    expect((await policy.evaluate(brackets)).verdict.allow).toBe(true);
  });
});

test("only so many policies are on trial at one time, and not for ever", async () => {
  const sandbox = openSandbox(inForce, { openMs: 60_000, maxTrialMs: 3_000 });
  const one = await sandbox.open(bundle(policyWasm));
  const two = await sandbox.open(bundle(policyWasm));
  await expect(sandbox.open(bundle(policyWasm))).rejects.toThrow("on trial already");
  await one.close();
  await expect(one.evaluate(mergeableInput())).rejects.toThrow("it was closed");
  await expect
    .poll(() => two.evaluate(mergeableInput()).catch(String), { timeout: 10_000 })
    .toContain("longer than 3 s");
  const three = await sandbox.open(bundle(policyWasm));
  await three.close();
});
