import { basename } from "node:path";
import { expect, test } from "vitest";
import { filesUnder, type SourceFile } from "./tree.ts";

const MAX_LINES = 320;
const CODE = ["src", "test", "demo", "scripts", "actions"];

// The rules below spell what they forbid, so this folder is not held to them.
const code = filesUnder(CODE, [".ts"]).filter(({ path }) => !path.startsWith("test/tidiness/"));
const written = [
  ...code,
  ...filesUnder(["policies", "docs", "manifests", ".github", ".ci"], [".rego", ".md", ".yml", ".yaml", ".json", ""]),
];

/** `path:line` of every match. */
function places(files: SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(new RegExp(pattern, "g"))].map(
      ({ index, 0: found }) => `${path}:${text.slice(0, index).split("\n").length}: ${found.trim().slice(0, 60)}`,
    ),
  );
}

test("there is something to look at", () => {
  expect(code.length).toBeGreaterThan(50);
});

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = code.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));
  expect(long.filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
});

test("a noun owns its file: no drawers", () => {
  const drawers = /(?:^|[-_.])(?:utils?|helpers?|common|misc|shared)(?:[-_.]|$)/;
  expect(code.filter(({ path }) => path.split("/").some((part) => drawers.test(part))).map(({ path }) => path)).toEqual(
    [],
  );
});

test("file names are kebab case", () => {
  expect(code.map(({ path }) => path).filter((path) => !/^[a-z0-9-]+(?:\.[a-z]+)*\.ts$/.test(basename(path)))).toEqual(
    [],
  );
});

test("nothing is left for later", () => {
  expect(places(code, /\b(?:TODO|FIXME|XXX)\b/)).toEqual([]);
});

test("no test is passed over or run alone", () => {
  expect(places(code, /\b(?:test|it|describe)(?:\.\w+)*\.(?:only|skip|todo)\b/)).toEqual([]);
});

test("no test replaces a module: unit tests share theirs, and the next file in the same worker would get the replacement", () => {
  expect(places(code, /\bvi\s*\.\s*(?:mock|doMock)\b/)).toEqual([]);
});

test("the compiler is not silenced", () => {
  expect(places(code, /@ts-(?:ignore|nocheck)/)).toEqual([]);
});

test("no error is swallowed in silence", () => {
  expect(places(code, /\bcatch\s*(?:\([^)]*\)\s*)?\{\s*\}|\.catch\(\s*\(\w*\)\s*=>\s*\{\s*\}\s*\)/)).toEqual([]);
});

test("log messages are constant; what varies goes into fields", () => {
  const src = code.filter(({ path }) => path.startsWith("src/"));
  expect(places(src, /\b(?:log|logger)\.(?:trace|debug|info|warn|error|fatal)\([^;`]*`[^`]*\$\{/)).toEqual([]);
});

test("no path of one machine is written down", () => {
  expect(places(written, /(?<![\w.*/@{}$~-])\/(?:work|root|home\/\w+)\/[\w.-]+/)).toEqual([]);
});

test("lock files name no registry", () => {
  const locks = filesUnder(["."], [".json"]).filter(({ path }) => basename(path) === "package-lock.json");
  expect(locks.length).toBeGreaterThan(0);
  expect(places(locks, /"resolved":\s*"https?:[^"]*"|registry\.[\w.]+/)).toEqual([]);
});

test("actions in workflows are pinned by their full commit", () => {
  const workflows = filesUnder([".github", "actions"], [".yml", ".yaml"]);
  expect(places(workflows, /uses:\s*(?!\.\/)(?!\S+@[0-9a-f]{40}\b)\S+/)).toEqual([]);
});
