import { expect, test } from "vitest";
import type { DispatchedScan } from "../../src/config/scan.ts";
import { DEFAULTS, type HmsConfig } from "../../src/config/schema.ts";
import { checkerConfig } from "../../src/gate/gate.ts";

const SAST: DispatchedScan = {
  tool: "semgrep",
  required: true,
  paths: [],
  failOn: ["critical"],
  oldDebt: { graceMs: 1_000 },
  timeoutMs: 60_000,
};

function told(scan: Partial<HmsConfig["scan"]>, wanted?: Parameters<typeof checkerConfig>[1]) {
  const config = { ...DEFAULTS, scan: { ...DEFAULTS.scan, ...scan } };
  const { required_scans, scans } = checkerConfig({ valid: true, config }, wanted);
  return { required_scans, scans };
}

test("where nothing is configured the checker is told nothing of scans", () => {
  expect(told({})).toEqual({ required_scans: ["secrets"], scans: undefined });
});

test("a kind is told of with what blocks; a grace is no part of it, since findings past it come marked", () => {
  const iac: DispatchedScan = { ...SAST, oldDebt: "block", required: false };
  expect(told({ dispatched: { sast: SAST, iac } })).toEqual({
    required_scans: ["secrets", "sast"],
    scans: [
      { kind: "sast", required: true, fail_on: ["critical"], old_debt: "ignore" },
      { kind: "iac", required: false, fail_on: ["critical"], old_debt: "block" },
    ],
  });
});

test("only kinds that the pull request calls for are required; what others find blocks all the same", () => {
  const { required_scans, scans } = told({ dispatched: { sast: SAST, iac: SAST } }, new Set(["iac"]));
  expect(required_scans).toEqual(["secrets", "iac"]);
  expect(scans?.map(({ kind }) => kind)).toEqual(["sast", "iac"]);
});

test.each([
  ["fail", ["critical", "high", "medium", "low"], ["secrets", "agents"]],
  ["warn", [], ["secrets"]],
] as const)("agents, mode %s", (mode, fail_on, required) => {
  expect(told({ agents: { paths: [], mode } })).toEqual({
    required_scans: required,
    scans: [{ kind: "agents", required: mode === "fail", fail_on, old_debt: "ignore" }],
  });
});

test("of a broken configuration nothing but the defaults is told", () => {
  expect(checkerConfig({ valid: false, file: "x", problems: [] })).toMatchObject({
    valid: false,
    required_scans: ["secrets"],
  });
});
