import { describe, expect, test } from "vitest";
import { compareScanWorkflow, REPORT_ENVIRONMENT, shippedScanWorkflow } from "../../src/config/scan-workflow.ts";

const shipped = shippedScanWorkflow();
const SHA = "c".repeat(40);
/** As a team is to copy it: with a version of the Action. */
const copied = shipped.replaceAll(`OWNER/hms-sys/actions/scan@${"0".repeat(40)}`, `acme/hms-sys/actions/scan@${SHA}`);
const changed = (from: string | RegExp, to: string): string => {
  const text = copied.replace(from, to);
  if (text === copied) throw new Error(`the workflow has no ${from}`);
  return text;
};
const compared = (text: string) => compareScanWorkflow(shipped, text);
const SAME = { differences: [], unpinned: [] };

test("the shipped workflow is the same as itself, but names no version of the Action yet", () => {
  expect(compared(shipped)).toEqual({ differences: [], unpinned: [expect.stringContaining("/actions/scan@0000")] });
  expect(shipped).toContain(`environment: ${REPORT_ENVIRONMENT}`);
});

test.each([
  ["another version of the Action, by a commit", copied],
  ["comments", `# ours\n${copied}`],
  ["a runner of the team's", changed(/runs-on: ubuntu-24.04/g, "runs-on: [self-hosted, linux]")],
  ["a group of runners", changed(/runs-on: ubuntu-24.04/g, "runs-on: { group: scans, labels: [linux] }")],
  ["more time", changed("timeout-minutes: 60", "timeout-minutes: 90")],
  ["another name", changed("name: hms-scan\n", "name: Scans\n")],
  ["a later checkout, by a commit", changed(/actions\/checkout@[0-9a-f]{40}/, `actions/checkout@${SHA}`)],
])("%s is the team's choice", (_name, text) => {
  expect(compared(text)).toEqual(SAME);
});

describe("what makes reports worth less is named by its place", () => {
  test.each([
    ["a token that may write", changed("contents: read", "contents: write"), "jobs.scan.permissions.contents"],
    [
      "an identity for the job with the commit",
      changed("contents: read", "contents: read\n      id-token: write"),
      "jobs.scan.permissions.id-token",
    ],
    ["another trigger", changed("  workflow_dispatch:", "  pull_request:\n  workflow_dispatch:"), "on.pull_request"],
    ["no environment", changed(/ {4}environment: .*\n/, ""), "jobs.report.environment"],
    ["a secret in reach", changed(/ {4}steps:/, "    env: { KEY: x }\n    steps:"), "jobs.scan.env"],
    [
      "credentials left behind",
      changed("persist-credentials: false", "persist-credentials: true"),
      ".with.persist-credentials",
    ],
    ["a job more", `${copied}\n  more: { runs-on: x, steps: [] }\n`, "jobs.more"],
    ["a step more", changed(/ {4}steps:\n/, "    steps:\n      - run: make\n"), "jobs.scan.steps"],
    [
      "another Action in place of ours",
      changed(/acme\/hms-sys\/actions\/scan@/, "acme/hms-sys/actions/other@"),
      ".uses",
    ],
    ["another title", changed(/run-name: .*/, "run-name: scan"), "run-name"],
    ["permissions for all", changed("permissions: {}", "permissions: write-all"), "permissions"],
  ])("%s", (_name, text, place) => {
    expect(compared(text)).toEqual({ differences: [expect.stringContaining(place)], unpinned: [] });
  });

  test("an action by a tag or branch", () => {
    for (const ref of ["v4", "main", "a".repeat(39)]) {
      const text = changed(/actions\/checkout@[0-9a-f]{40}/, `actions/checkout@${ref}`);
      expect(compared(text)).toEqual({ differences: [], unpinned: [`actions/checkout@${ref}`] });
    }
  });
});

test.each([
  ["a file that is none", "jobs: [", { unreadable: expect.any(String) }],
  ["a text", "hello", { differences: ["the whole file"], unpinned: [] }],
  ["nothing", "", { differences: ["the whole file"], unpinned: [] }],
  ["too much", "#".repeat(70_000), { unreadable: "it is larger than 64 KiB" }],
  [
    "a bomb",
    `a: &a [x]\n${Array.from({ length: 30 }, (_, at) => `b${at}: &b${at} [${Array(9).fill(at ? `*b${at - 1}` : "*a")}]`).join("\n")}`,
    { unreadable: expect.any(String) },
  ],
])("%s is said to be so", (_name, text, told) => {
  expect(compared(text)).toEqual(told);
});
