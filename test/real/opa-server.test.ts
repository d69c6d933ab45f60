import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { policySources } from "../../scripts/policy-sources.ts";
import { openBundleChecker } from "../../src/adapters/opa/bundle-checker.ts";
import { bundleAt } from "../../src/adapters/opa/bundle-source.ts";
import { openSandbox } from "../../src/adapters/opa/sandbox.ts";
import { openServerChecker } from "../../src/adapters/opa/server-checker.ts";
import { openWasmChecker } from "../../src/adapters/opa/wasm-checker.ts";
import type { CheckerInput } from "../../src/model/checker-input.ts";
import type { Checker, CheckerAnswer } from "../../src/ports/checker.ts";
import { corpus } from "../policies/corpus.ts";
import { mergeInputs, pathsIn, withValueAt } from "../policies/generators.ts";
import { mergeableInput } from "../policies/inputs.ts";
import { freePort } from "../stage/free-port.ts";
import { type Program, startProgram } from "./program.ts";
import { ensureTool } from "./tools.ts";

const ROOT = join(import.meta.dirname, "../..");
const POLICIES = join(ROOT, "policies");
const opa = await ensureTool("opa");
const build = (args: string[], cwd: string) =>
  promisify(execFile)(opa, ["build", "-e", "hms/decision", ...args], { cwd });

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "hms-opa-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function serve(args: string[]): Promise<{ url: string; server: Program }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await startProgram({
    binary: opa,
    args: ["run", "--server", "--disable-telemetry", "--log-level=error", `--addr=127.0.0.1:${port}`, ...args],
    isReady: () =>
      fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
  });
  return { url, server };
}

/** The verdict, or that there is none: what one evaluator refuses the other must not decide. */
const outcome = (checker: Checker, input: unknown): Promise<CheckerAnswer["verdict"] | "undecided"> =>
  checker.evaluate(input as CheckerInput).then(
    ({ verdict }) => verdict,
    () => "undecided" as const,
  );

describe("the checker's three forms agree: in the process, in threads, on an OPA server", () => {
  let server: Program;
  let checkers: Checker[];
  let close: () => void;
  beforeAll(async () => {
    const sources = (await policySources(POLICIES)).map(({ name }) => join(POLICIES, name));
    await build(["-o", "served.tar.gz", "--revision", "v7", ...sources], directory);
    const served = await serve(["-b", join(directory, "served.tar.gz")]);
    server = served.server;
    const threads = await openBundleChecker({ source: bundleAt(join(POLICIES, "dist")), evaluateMs: 5_000 });
    close = () => threads.close();
    checkers = [
      await openWasmChecker({ path: join(POLICIES, "dist") }),
      threads,
      openServerChecker({ url: served.url, timeoutMs: 10_000 }),
    ];
  });
  afterAll(async () => {
    close?.();
    await server?.stop();
  });

  async function agree(input: unknown): Promise<void> {
    const [first, ...others] = await Promise.all(checkers.map((checker) => outcome(checker, input)));
    for (const other of others) expect(other).toEqual(first);
  }

  test.each(corpus.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    await agree(row.input);
  });

  test("on generated inputs", async () => {
    await fc.assert(fc.asyncProperty(mergeInputs, agree), { numRuns: 300 });
  });

  test("on inputs with any value in any place", async () => {
    const broken = mergeInputs.chain((input) =>
      fc
        .tuple(fc.constantFrom(...pathsIn(input)), fc.jsonValue({ maxDepth: 2 }))
        .map(([path, value]) => withValueAt(input, path, value)),
    );
    await fc.assert(fc.asyncProperty(broken, agree), { numRuns: 300 });
  });

  test("the server's decisions are bound to the revision of its bundle", async () => {
    const [, , served] = checkers;
    const answer = await served?.evaluate(mergeableInput());
    expect(answer?.bundleRevision).toMatch(/^opa:[0-9a-f]{8}:.*@v7$/);
    expect(served?.revision()).toBe(answer?.bundleRevision);
  });
});

const yes = `"allow": true, "deny": [], "waiting": [], "warn": []`;

async function written(name: string, rules: string): Promise<string> {
  const path = join(directory, `${name}.rego`);
  await writeFile(path, `package hms\n\n${rules}\n`);
  return path;
}

test("policies that were loaded by hand bind nothing", async () => {
  const { url, server } = await serve([await written("loaded", `decision := {${yes}}`)]);
  try {
    const checker = openServerChecker({ url });
    expect(await checker.evaluate(mergeableInput())).toMatchObject({
      verdict: { allow: true },
      bundleRevision: expect.stringMatching(/^unversioned:/),
    });
    expect(checker.revision()).toBeUndefined();
  } finally {
    await server.stop();
  }
});

test("when a decision ends comes from the policy, the same way from both", async () => {
  const path = await written("ends", `decision := {${yes}, "valid_until": 1893456000000}`);
  await build(["-t", "wasm", "-o", "ends.tar.gz", path], directory);
  const bundle = await openBundleChecker({ source: bundleAt(join(directory, "ends.tar.gz")), evaluateMs: 5_000 });
  const { url, server } = await serve([path]);
  try {
    for (const checker of [bundle, openServerChecker({ url })]) {
      expect((await checker.evaluate(mergeableInput())).verdict.validUntilMs).toBe(1_893_456_000_000);
    }
  } finally {
    bundle.close();
    await server.stop();
  }
});

test("a server without the policy, or with one that says nothing, decides nothing", async () => {
  for (const rules of ["other := true", `decision := {${yes}} if input.point == "never"`, "decision := true"]) {
    const { url, server } = await serve([await written("none", rules)]);
    try {
      await expect(openServerChecker({ url }).evaluate(mergeableInput())).rejects.toThrow("could not decide");
    } finally {
      await server.stop();
    }
  }
});

describe("bundles that opa compiled and that go wrong", () => {
  async function compiled(name: string, rules: string) {
    await build(["-t", "wasm", "-o", `${name}.tar.gz`, await written(name, rules)], directory);
    return bundleAt(join(directory, `${name}.tar.gz`));
  }

  test.each([
    ["http.send", `http.send({"method": "get", "url": "http://127.0.0.1:1"}).status_code == 200`],
    ["time.now_ns", "time.now_ns() > 0"],
    ["rand.intn", `rand.intn("x", 2) == 1`],
    ["opa.runtime", "count(opa.runtime()) > 0"],
    ["uuid.rfc4122", `uuid.rfc4122("x") != ""`],
  ])("%s is refused by name when the bundle is opened", async (name, condition) => {
    const source = await compiled("builtin", `decision := {${yes}} if ${condition}`);
    await expect(openBundleChecker({ source })).rejects.toThrow(`built-in functions that are not there: ${name}`);
    const sandbox = openSandbox(await openWasmChecker({ path: join(POLICIES, "dist") }));
    await expect(sandbox.open(await source.read())).rejects.toThrow(name);
  });

  test.each([
    [
      "takes longer than anybody waits",
      `decision := {${yes}} if {
	numbers.range(1, 3000)[_] * numbers.range(1, 3000)[_] * numbers.range(1, 3000)[_] == -1
}`,
      "longer than",
    ],
    [
      "answers with 20,000 rows",
      `decision := {"allow": false, "waiting": [], "warn": [], "deny": [row |
	some i in numbers.range(1, 20000)
	row := {"rule": sprintf("r%d", [i]), "message": "m", "remedy": "r", "controls": []}
]}`,
      "too large",
    ],
    [
      "answers with megabytes in one row",
      `decision := {"allow": true, "deny": [], "waiting": [], "warn": [{
	"rule": "r",
	"message": concat("", [sprintf("%01000d", [i]) | some i in numbers.range(1, 2000)]),
}]}`,
      "too large",
    ],
  ])("one that %s is undecided, in words", async (_name, rules, words) => {
    const source = await compiled("wrong", rules);
    const checker = await openBundleChecker({ source, evaluateMs: words === "longer than" ? 300 : 20_000 });
    try {
      await expect(checker.evaluate(mergeableInput())).rejects.toThrow(words);
    } finally {
      checker.close();
    }
  });
});

test("the example in the documentation: its tests, its format, and its bundle", async () => {
  const example = join(ROOT, "docs/examples/policy");
  for (const args of [
    ["fmt", "--list", "--fail", example],
    ["check", "--strict", "--ignore=*.yaml", POLICIES, example],
    ["test", "--ignore=*.yaml", POLICIES, example],
    ["test", "--ignore=*.yaml", "--coverage", "--threshold=100", "--format=pretty", POLICIES, example],
  ])
    await promisify(execFile)(opa, args);

  const work = join(directory, "example");
  for (const from of [POLICIES, example]) await cp(from, work, { recursive: true });
  for (const other of ["dist", "controls"]) await rm(join(work, other), { recursive: true });
  await build(["-t", "wasm", "--ignore", "*_test.rego", "-o", "bundle.tar.gz", "."], work);
  const checker = await openBundleChecker({ source: bundleAt(join(work, "bundle.tar.gz")), evaluateMs: 5_000 });
  try {
    expect((await checker.evaluate(mergeableInput())).verdict.allow).toBe(true);
    const released = await checker.evaluate(mergeableInput({ pull_request: { base: "release/1.2" } }));
    expect(released.verdict.waiting.map(({ rule }) => rule)).toEqual(["release-branch-approvals"]);
  } finally {
    checker.close();
  }
});
