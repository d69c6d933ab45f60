import { expect, test } from "vitest";
import type { DispatchedScan } from "../../../src/config/scan.ts";
import type { Finding } from "../../../src/model/finding.ts";
import type { ScanRun, ScanRunState, StoredScanResult } from "../../../src/model/scan.ts";
import { isOutdated, type ScanContext, type SeenScan, scanReport } from "../../../src/pull-request/scan/scan-report.ts";

const [HEAD, URL] = ["a".repeat(40), "https://github.example/runs/7"];
const NOW = 1_000_000_000;
const DAY_MS = 24 * 3_600_000;

const finding = (fingerprint: string): Finding => ({
  rule: `sast/${fingerprint}`,
  severity: "high",
  message: "m",
  remedy: "r",
  location: { path: "a.js", line: 1, commit: HEAD },
  fingerprint,
});

function run(state: ScanRunState, id = "1"): ScanRun {
  return { id, kind: "sast", tool: "semgrep", nonceSha256: "", requestedAtMs: 0, deadlineMs: NOW, state };
}

function reported(fingerprints: string[], change: Partial<StoredScanResult> = {}): SeenScan {
  const findings = fingerprints.map(finding);
  return {
    run: run({ is: "reported", atMs: 0, digest: "d", findings: findings.length, runId: 7, url: URL }),
    result: {
      kind: "sast",
      sha: HEAD,
      tool: { name: "semgrep" },
      findings,
      notes: [],
      id: "1",
      digest: "d",
      ...change,
    },
  };
}

const seen = (state: ScanRunState): SeenScan => ({ run: run(state), result: undefined });
const over = (is: "failed" | "timed-out" | "not-installed" | "cancelled") => seen({ is, reason: "because", url: URL });
const NONE: SeenScan = { run: undefined, result: undefined };

function context(head: SeenScan, base: SeenScan | undefined, change: Partial<ScanContext> = {}): ScanContext {
  const config: DispatchedScan = {
    tool: "semgrep",
    required: true,
    paths: [],
    failOn: ["high"],
    oldDebt: "ignore",
    timeoutMs: 1,
  };
  return {
    kind: "sast",
    sha: HEAD,
    config,
    head,
    base,
    renames: new Map(),
    changed: { lines: new Map(), complete: true },
    firstSeen: {},
    nowMs: NOW,
    ...change,
  };
}

test.each<[string, string, SeenScan, SeenScan | undefined]>([
  ["nothing was started", "running", NONE, undefined],
  ["it starts", "running", seen({ is: "starting" }), undefined],
  ["it waits", "running", seen({ is: "queued", runId: 7, url: URL }), undefined],
  ["it runs", "running", seen({ is: "running", runId: 7, url: URL }), undefined],
  ["it was cancelled and comes again", "running", over("cancelled"), undefined],
  ["it failed", "unknown", over("failed"), undefined],
  ["it timed out", "unknown", over("timed-out"), undefined],
  ["there is no workflow", "unknown", over("not-installed"), undefined],
  ["its report was lost", "unknown", { ...reported([]), result: undefined }, undefined],
  ["the result is another report's", "unknown", reported([], { digest: "e" }), undefined],
  ["the result is another scan's", "unknown", reported([], { id: "2" }), undefined],
  ["a result that no scan stands for", "running", { run: undefined, result: reported([]).result }, undefined],
  [
    "a result of a scan that runs again",
    "running",
    { ...seen({ is: "starting" }), result: reported([]).result },
    undefined,
  ],
  ["a result of one that then failed", "unknown", { ...over("failed"), result: reported([]).result }, undefined],
  ["it reported", "completed", reported([]), undefined],
  ["it reported, the base is not scanned yet", "running", reported([]), NONE],
  ["it reported, the base runs", "running", reported([]), seen({ is: "running", runId: 8, url: URL })],
  ["it reported, the base failed", "completed", reported([]), over("failed")],
  ["it reported, and so did the base", "completed", reported([]), reported([])],
  ["the base alone reported", "running", NONE, reported([])],
])("%s: %s", (_, status, head, base) => {
  expect(scanReport(context(head, base)).report).toMatchObject({ kind: "sast", sha: HEAD, status });
});

test("new, unchanged, fixed", () => {
  const { report } = scanReport(context(reported(["a", "b"]), reported(["b", "c"])));
  expect(report).toMatchObject({ findings: [{ baseline: "new" }, { baseline: "unchanged" }], fixed: 1, url: URL });
});

test("without a base that could be scanned all of it counts as new, and that is said", () => {
  const { report } = scanReport(context(reported(["a"]), over("timed-out")));
  expect(report).toMatchObject({ findings: [{ fingerprint: "a" }], notes: [expect.stringContaining("count as new")] });
  expect(report.status === "completed" && report.findings[0]?.baseline).toBeUndefined();
});

test.each<[string, string, number, string?]>([
  ["at the same time", "completed", 0, "2"],
  ["a day before", "completed", DAY_MS, "1"],
  ["longer before", "running", DAY_MS + 1, "1"],
  ["a moment before, by another version of the tool", "running", 1, "2"],
  ["longer after", "completed", -2 * DAY_MS, "2"],
])("the merge base was scanned %s: %s", (_, status, earlierMs, version = "1") => {
  const by = (requestedAtMs: number, of: string): SeenScan => {
    const { run: one, result } = reported(["a"], { tool: { name: "semgrep", version: of } });
    return { run: one && { ...one, requestedAtMs }, result };
  };
  const [head, base] = [by(NOW, "1"), by(NOW - earlierMs, version)];
  expect(scanReport(context(head, base)).report).toMatchObject({ status });
  expect(isOutdated(base, head)).toBe(status === "running");
  // While it is scanned again it is as any that runs.
  expect(isOutdated({ run: base.run && { ...base.run, state: { is: "starting" } }, result: base.result }, head)).toBe(
    false,
  );
});

test("old findings have their grace from when they were first seen", () => {
  const config: DispatchedScan = { ...context(NONE, NONE).config, oldDebt: { graceMs: 10 * DAY_MS } };
  const firstSeen = { old: NOW - 10 * DAY_MS, young: NOW - 9 * DAY_MS, fresh: NOW - 11 * DAY_MS };
  const base = reported(["old", "young", "unseen"]);
  const result = scanReport(context(reported(["old", "young", "unseen", "fresh"]), base, { config, firstSeen }));
  const overdue = result.report.status === "completed" && result.report.findings.map((one) => one.overdue ?? false);
  expect(overdue).toEqual([true, false, false, false]);
  expect(result.validUntilMs).toBe(NOW + DAY_MS);
});

test("a renamed file does not make its old findings young", () => {
  const config: DispatchedScan = { ...context(NONE, NONE).config, oldDebt: { graceMs: DAY_MS } };
  const at = (fingerprint: string, path: string): SeenScan =>
    reported([], {
      findings: [{ ...finding(fingerprint), rule: "sast/eval", context: "c", location: { path, commit: HEAD } }],
    });
  const { report } = scanReport(
    context(at("now", "b.js"), at("before", "a.js"), {
      config,
      firstSeen: { before: NOW - DAY_MS },
      renames: new Map([["a.js", "b.js"]]),
    }),
  );
  expect(report).toMatchObject({ findings: [{ baseline: "unchanged", overdue: true }] });
});
