import { join } from "node:path";
import { expect, test } from "vitest";
import { openWasmChecker } from "../../src/adapters/opa/wasm-checker.ts";
import type { CheckerInput } from "../../src/model/checker-input.ts";
import { corpus } from "./corpus.ts";

const checker = await openWasmChecker({ path: join(import.meta.dirname, "../../policies/dist") });

test.each(corpus.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
  const { verdict } = await checker.evaluate(row.input as CheckerInput);
  expect({
    allow: verdict.allow,
    deny: verdict.deny.map(({ rule }) => rule),
    waiting: verdict.waiting.map(({ rule, on }) => `${rule}:${on}`),
    warn: verdict.warn.map(({ rule }) => rule),
  }).toEqual({
    allow: row.deny === undefined && row.waiting === undefined,
    deny: row.deny ?? [],
    waiting: row.waiting ?? [],
    warn: row.warn ?? [],
  });
});

test("names in the corpus are its keys", () => {
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
});
