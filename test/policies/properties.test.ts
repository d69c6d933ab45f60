import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openWasmChecker } from "../../src/adapters/opa/wasm-checker.ts";
import type { CheckerInput } from "../../src/model/checker-input.ts";
import { commandCorpus } from "./corpus-command.ts";
import { mergeCorpus } from "./corpus-merge.ts";
import { peopleCorpus } from "./corpus-people.ts";
import { previewCorpus } from "./corpus-preview.ts";
import { scansCorpus } from "./corpus-scans.ts";
import { mergeInputs, pathsIn, valueAt, withValueAt } from "./generators.ts";
import { HEAD, idOf, mergeableInput, OLD } from "./inputs.ts";

const checker = await openWasmChecker({ path: join(import.meta.dirname, "../../policies/dist") });
const judge = async (input: unknown) => (await checker.evaluate(input as CheckerInput)).verdict;

async function holds(property: (input: CheckerInput) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(mergeInputs, property), { numRuns: 500 });
}

test("the generator gives allowed, waiting and denied inputs", async () => {
  const verdicts = await Promise.all(fc.sample(mergeInputs, { numRuns: 1_500, seed: 1 }).map(judge));
  expect(verdicts.filter(({ allow }) => allow).length).toBeGreaterThan(50);
  expect(verdicts.filter(({ deny }) => deny.length > 0).length).toBeGreaterThan(50);
  expect(verdicts.filter(({ deny, waiting }) => deny.length === 0 && waiting.length > 0).length).toBeGreaterThan(50);
});

test("an unknown fact never lets a pull request through", () =>
  holds(async (input) => {
    const verdict = await judge({ ...input, unknown: ["something"] });
    expect(verdict.allow).toBe(false);
    expect(verdict.waiting).toContainEqual({ rule: "facts-known", message: "something", on: "machines" });
  }));

test("less of what speaks for a pull request never lets it through", () =>
  holds(async (input) => {
    if ((await judge(input)).allow) return;
    for (const list of ["approvals", "overrides"] as const) {
      for (let i = 0; i < input[list].length; i++) {
        expect((await judge({ ...input, [list]: input[list].toSpliced(i, 1) })).allow).toBe(false);
      }
    }
    const missing = { ...input, scans: [], overrides: [], approvals: [] };
    if (input.config.required_scans.length > 0) expect((await judge(missing)).allow).toBe(false);
  }));

test("approvals and overrides of the author, of the last pusher and at other commits change nothing", () =>
  holds(async (input) => {
    const useless = [
      { id: idOf("ada"), login: "renamed", permission: "admin" as const, sha: HEAD },
      { id: idOf("mallory"), login: "mallory", permission: "admin" as const, sha: OLD },
      { id: idOf("mallory"), login: "mallory", permission: "read" as const, sha: HEAD },
      ...(input.pull_request.last_pusher === null
        ? []
        : [{ id: input.pull_request.last_pusher_id ?? 0, login: "renamed", permission: "admin" as const, sha: HEAD }]),
    ];
    const overrides = ["no-critical-findings", "no-high-findings"].flatMap((rule) =>
      useless.map(({ login: by, id: by_id, ...rest }) => ({ ...rest, rule, by, by_id, reason: "please" })),
    );
    const before = await judge(input);
    const after = await judge({
      ...input,
      approvals: [...input.approvals, ...useless],
      overrides: [...input.overrides, ...overrides],
    });
    expect({ ...after, warn: [] }).toEqual({ ...before, warn: [] });
  }));

test("overrides only ever lift denials of their rule", () =>
  holds(async (input) => {
    const before = await judge({ ...input, overrides: [] });
    const after = await judge(input);
    expect(after.waiting).toEqual(before.waiting);
    const listed = new Set(input.config.overrides.map(({ rule }) => rule));
    for (const denial of before.deny) {
      if (after.deny.some(({ rule }) => rule === denial.rule)) continue;
      expect(listed).toContain(denial.rule);
      expect(denial.rule).not.toBe("valid-configuration");
      expect(after.warn.some(({ rule, message }) => rule === denial.rule && message.startsWith("Overridden by "))).toBe(
        true,
      );
    }
  }));

test("a new head voids all that was given to the old one", () =>
  holds(async (input) => {
    // What was carried over was proven for the old head, and is not for the new one.
    const approvals = input.approvals.map(({ carried: _, ...approval }) => approval);
    const moved = { ...input, approvals, pull_request: { ...input.pull_request, head_sha: "c".repeat(40) } };
    const verdict = await judge(moved);
    const needed = input.config.approvals.count > 0 || input.config.required_scans.length > 0;
    if (needed) expect(verdict.allow).toBe(false);
  }));

test("order and repetition of facts do not matter", () =>
  holds(async (input) => {
    const shuffled = {
      ...input,
      approvals: [...input.approvals, ...input.approvals].reverse(),
      scans: input.scans.toReversed(),
      overrides: [...input.overrides, ...input.overrides].reverse(),
    };
    expect(await judge(shuffled)).toEqual(await judge(input));
  }));

/** Without those of every kind at once: what goes for one kind goes for all. */
const fewScans = scansCorpus.filter(({ input }) => (input as CheckerInput).scans.length <= 2);

const closedRows = [...mergeCorpus, ...peopleCorpus, ...commandCorpus, ...previewCorpus, ...fewScans].filter(
  (row) => row.deny !== undefined || row.waiting !== undefined,
);
const garbage: unknown[] = [undefined, null, true, 7, "x", [], {}, [[]], 1e30];

describe("a value of another type never lets a pull request through that it did not let through before", () => {
  test.each(closedRows.map((row) => [row.name, row] as const))("%s", async (name, row) => {
    for (const path of pathsIn(row.input)) {
      // What is not about scans is broken in the other rows already.
      if (fewScans.includes(row) && !/^(?:config\.)?(?:scans|overrides)\b/.test(path.join("."))) continue;
      const value = valueAt(row.input, path);
      for (const other of garbage) {
        if (typeof value === typeof other && Array.isArray(value) === Array.isArray(other)) continue;
        if (isLawful(path, other)) continue;
        const verdict = await judge(withValueAt(row.input, path, other));
        expect(verdict.allow, `${name}: ${path.join(".")} = ${JSON.stringify(other)}`).toBe(false);
      }
    }
  });
});

test("every field that the allowed input needs is needed", async () => {
  const ignored =
    /^(repository\.|pull_request\.(labels|commits|changed_files|author\.(type|association))|.*\.(message|fingerprint)$|preview$|config\.overrides\.\d+$)/;
  const input = mergeableInput();
  for (const path of pathsIn(input)) {
    const name = path.join(".");
    if (ignored.test(name) || name === "config.required_scans.0") continue;
    expect((await judge(withValueAt(input, path, undefined))).allow, name).toBe(false);
  }
});

/** Changes that are well formed and may let a pull request through: one element less, no hold, a fact that is now known. */
function isLawful(path: (string | number)[], other: unknown): boolean {
  const name = path.join(".");
  const nowKnown: Record<string, unknown> = {
    hold: null,
    "pull_request.last_pusher": "x",
    "pull_request.touches_trusted_paths": [],
  };
  // What is left out says the milder thing of these: it is not overdue, takes one person, and only the worst severities block.
  if (other === undefined) return typeof path.at(-1) === "number" || /(\.(overdue|people)|^config\.scans)$/.test(name);
  if (name === "config.scans" && JSON.stringify(other) === "[]") return true;
  return name in nowKnown && JSON.stringify(nowKnown[name]) === JSON.stringify(other);
}

test("what a waiver covers never makes a verdict worse, and secrets take two people whatever the configuration says", () =>
  holds(async (input) => {
    const waived = input.scans.map((scan) => ({
      ...scan,
      findings: scan.findings.map((finding) => ({ ...finding, waived: true as const })),
    }));
    const after = await judge({ ...input, scans: waived });
    expect(after.deny.filter(({ rule }) => rule.endsWith("-findings"))).toEqual([]);
    if ((await judge(input)).allow) expect(after.allow).toBe(true);
    const secret = input.scans.some(
      ({ kind, sha, findings }) =>
        kind === "secrets" && sha === HEAD && findings.some(({ severity }) => severity === "critical"),
    );
    const [first] = input.overrides;
    if (!secret || !first) return;
    const one = [{ ...first, rule: "no-critical-findings" }];
    const rules = (await judge({ ...input, overrides: one })).deny.map(({ rule }) => rule);
    expect(rules).toContain("no-critical-findings");
  }));
