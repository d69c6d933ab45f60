import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { policySources } from "../../scripts/policy-sources.ts";
import { verdictOf } from "../../src/adapters/opa/answer.ts";
import { EvaluationError, openWasmChecker, type WasmChecker } from "../../src/adapters/opa/wasm-checker.ts";
import type { CheckerInput } from "../../src/model/checker-input.ts";
import { corpus } from "../policies/corpus.ts";
import { mergeInputs } from "../policies/generators.ts";
import { mergeableInput } from "../policies/inputs.ts";
import { freePort } from "../stage/free-port.ts";
import { type Program, startProgram } from "./program.ts";
import { ensureTool } from "./tools.ts";

const POLICIES = join(import.meta.dirname, "../../policies");
const opa = await ensureTool("opa");

describe("a real OPA server and the compiled policy", () => {
  let server: Program;
  let url: string;
  let checker: WasmChecker;

  beforeAll(async () => {
    checker = await openWasmChecker({ path: join(POLICIES, "dist") });
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const sources = (await policySources(POLICIES)).map(({ name }) => join(POLICIES, name));
    server = await startProgram({
      binary: opa,
      args: ["run", "--server", "--disable-telemetry", "--log-level=error", `--addr=127.0.0.1:${port}`, ...sources],
      isReady: () =>
        fetch(`${url}/health`).then(
          ({ ok }) => ok,
          () => false,
        ),
    });
  });
  afterAll(() => server?.stop());

  async function expectAgreement(input: unknown): Promise<void> {
    const response = await fetch(`${url}/v1/data/hms/decision`, { method: "POST", body: JSON.stringify({ input }) });
    const answer = (await response.json()) as { result: unknown };
    expect((await checker.evaluate(input as CheckerInput)).verdict).toEqual(verdictOf(answer.result));
  }

  test.each(corpus.map((row) => [row.name, row] as const))("agree: %s", async (_name, row) => {
    await expectAgreement(row.input);
  });

  test("agree on generated inputs", async () => {
    await fc.assert(fc.asyncProperty(mergeInputs, expectAgreement), { numRuns: 500 });
  });
});

test("100,000 evaluations do not pile up in memory", async () => {
  const checker = await openWasmChecker({ path: join(POLICIES, "dist") });
  const evaluate = async (times: number) => {
    for (let i = 0; i < times; i++) await checker.evaluate(mergeableInput());
    return process.memoryUsage().rss;
  };
  const warm = await evaluate(5_000);
  expect((await evaluate(100_000)) - warm).toBeLessThan(64 * 1024 * 1024);
});

describe("policies that organisations bring", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "hms-policies-"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  let compiled = 0;
  async function open(rules: string, entrypoints = ["hms/decision"]): Promise<WasmChecker> {
    const name = `policy${compiled++}`;
    await writeFile(join(directory, `${name}.rego`), `package hms\n\n${rules}\n`);
    const bundle = join(directory, `${name}.tar.gz`);
    const args = [
      "build",
      "-t",
      "wasm",
      ...entrypoints.flatMap((entry) => ["-e", entry]),
      "-o",
      bundle,
      `${name}.rego`,
    ];
    await promisify(execFile)(opa, args, { cwd: directory });
    return openWasmChecker({ path: bundle });
  }

  const yes = `{"allow": true, "deny": [], "waiting": [], "warn": []}`;

  test("a bundle as opa builds it", async () => {
    const checker = await open(`decision := ${yes} if input.point == "merge"`);
    expect((await checker.evaluate(mergeableInput())).verdict.allow).toBe(true);
  });

  test("the shipped policies, compiled as docs/api.md says", async () => {
    const root = join(POLICIES, "..");
    const [, words = ""] = /^opa (build .*)$/m.exec(await readFile(join(root, "docs/api.md"), "utf8")) ?? [];
    const bundle = join(directory, "shipped.tar.gz");
    const args = words.replaceAll("'", "").replace("bundle.tar.gz", bundle).split(" ");
    await promisify(execFile)(opa, args, { cwd: root });
    const checker = await openWasmChecker({ path: bundle });
    expect((await checker.evaluate(mergeableInput())).verdict.allow).toBe(true);
  });

  test("the entrypoint is found by name among others", async () => {
    const checker = await open(`decision := ${yes}\n\nanother := false`, ["hms/another", "hms/decision"]);
    expect((await checker.evaluate(mergeableInput())).verdict.allow).toBe(true);
  });

  test("a bundle with another entrypoint is refused", async () => {
    await expect(open(`another := ${yes}`, ["hms/another"])).rejects.toThrow("no entrypoint hms/decision");
  });

  test("built-in functions that are not there are refused by name when the bundle is opened", async () => {
    const clock = `decision := ${yes} if time.now_ns() > 0`;
    await expect(open(clock)).rejects.toThrow("built-in functions that are not there: time.now_ns");
    const network = `decision := ${yes} if http.send({"method": "get", "url": "http://127.0.0.1:1"}).status_code == 200`;
    await expect(open(network)).rejects.toThrow("http.send");
  });

  test.each([
    ["an undefined decision", `decision := ${yes} if input.point == "never"`],
    ["a decision of another shape", "decision := true"],
    ["a decision that allows and denies", `decision := object.union(${yes}, {"deny": [{}]})`],
    [
      "two decisions that contradict each other",
      `decision := ${yes} if input.point\n\ndecision := false if input.point`,
    ],
  ])("%s is no decision", async (_name, rules) => {
    const checker = await open(rules);
    await expect(checker.evaluate(mergeableInput())).rejects.toThrow(EvaluationError);
    await expect(checker.evaluate(mergeableInput())).rejects.toThrow(EvaluationError);
  });
});
