import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { EvaluationError, openWasmChecker } from "../../../src/adapters/opa/wasm-checker.ts";
import type { CheckerInput } from "../../../src/model/checker-input.ts";
import { mergeableInput, scan } from "../../policies/inputs.ts";
import { archive, DIST, policyWasm } from "./bundle-policy.ts";

/** The policy with its only entrypoint under another name of the same length. */
function renamedEntrypoint(): Uint8Array {
  const wasm = Buffer.from(policyWasm);
  const at = wasm.indexOf("hms/decision");
  expect(at).toBeGreaterThan(0);
  wasm.write("hms/denision", at);
  return wasm;
}

/** Nested deeper than the policy's stack reaches. */
function tooDeep(): CheckerInput {
  let value: unknown = 1;
  for (let i = 0; i < 5_000; i++) value = [value];
  return { ...mergeableInput(), labels: value } as unknown as CheckerInput;
}

test("the revision is the digest of the WebAssembly", async () => {
  const checker = await openWasmChecker({ path: DIST });
  expect(checker.revision()).toBe(`sha256:${createHash("sha256").update(policyWasm).digest("hex")}`);
});

test("a policy without the entrypoint is refused, and the message names what it has", async () => {
  const path = archive([{ path: "policy.wasm", bytes: renamedEntrypoint() }]);
  await expect(openWasmChecker({ path })).rejects.toThrow("no entrypoint hms/decision; it has hms/denision");
});

test("an input over the limit is refused, and the checker goes on", async () => {
  const checker = await openWasmChecker({ path: DIST, maxInputBytes: 10_000 });
  const large = mergeableInput({ pull_request: { changed_files: ["x".repeat(10_000)] } });
  await expect(checker.evaluate(large)).rejects.toThrow(EvaluationError);
  expect((await checker.evaluate(mergeableInput())).verdict.allow).toBe(true);
});

test("an input of several megabytes is judged, and what it took is given back", async () => {
  const checker = await openWasmChecker({ path: DIST });
  const findings = Array.from({ length: 20_000 }, (_, i) => ({
    rule: `sast/rule-${i % 100}`,
    severity: "critical" as const,
    message: "x".repeat(100),
    fingerprint: "f".repeat(64),
  }));
  const { verdict } = await checker.evaluate(mergeableInput({ scans: [scan("secrets", findings)] }));
  expect(verdict.deny[0]?.message).toMatch(/^20000 critical findings: .* and 97 more\.$/);
  expect((await checker.evaluate(mergeableInput())).verdict.allow).toBe(true);
});

test("an input that breaks an evaluation breaks only that one", async () => {
  const checker = await openWasmChecker({ path: DIST });
  const before = await checker.evaluate(mergeableInput({ approvals: [] }));
  for (let i = 0; i < 3; i++) {
    await checker.evaluate(tooDeep()).catch((error: unknown) => expect(error).toBeInstanceOf(EvaluationError));
    expect(await checker.evaluate(mergeableInput({ approvals: [] }))).toEqual(before);
    expect((await checker.evaluate(mergeableInput())).verdict.allow).toBe(true);
  }
});

test("what is not an input at all is denied or refused", async () => {
  const checker = await openWasmChecker({ path: DIST });
  for (const value of [undefined, null, false, 0, "", "data.hms", Symbol("x"), { toJSON: () => undefined }]) {
    const allowed = await checker.evaluate(value as unknown as CheckerInput).then(
      ({ verdict }) => verdict.allow,
      () => false,
    );
    expect(allowed).toBe(false);
  }
});

test("many evaluations at once do not mix", async () => {
  const checker = await openWasmChecker({ path: DIST });
  const verdicts = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      checker.evaluate(mergeableInput({ unknown: i % 2 === 0 ? [] : [`fact ${i}`] })),
    ),
  );
  for (const [i, { verdict }] of verdicts.entries()) {
    expect(verdict.waiting.map(({ message }) => message)).toEqual(i % 2 === 0 ? [] : [`fact ${i}`]);
  }
});

test("evaluations do not pile up in memory", async () => {
  const checker = await openWasmChecker({ path: DIST });
  const input = mergeableInput();
  const evaluate = async (times: number) => {
    for (let i = 0; i < times; i++) await checker.evaluate(input);
    return process.memoryUsage().rss;
  };
  const warm = await evaluate(3_000);
  expect((await evaluate(10_000)) - warm).toBeLessThan(64 * 1024 * 1024);
});
