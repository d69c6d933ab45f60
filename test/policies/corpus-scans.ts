import type { CheckerConfig, CheckerFinding } from "../../src/model/checker-input.ts";
import { DISPATCHED_KINDS } from "../../src/model/scan-kind.ts";
import type { CorpusRow } from "./corpus.ts";
import { finding, HEAD, type InputChange, mergeableInput, OLD, override, scan } from "./inputs.ts";

type ScanEntry = NonNullable<CheckerConfig["scans"]>[number];

const KINDS = [...DISPATCHED_KINDS, "agents"] as const;
const overrides: CheckerConfig["overrides"] = [
  { rule: "no-sast-findings", permission: "maintain" },
  { rule: "no-leaks-findings", permission: "admin", people: 1 },
];

function entry(kind: string, change: Partial<ScanEntry> = {}): ScanEntry {
  return { kind, required: true, fail_on: ["critical", "high"], old_debt: "ignore", ...change };
}

/** A repository that asks for scans of the given kinds, each of which reported these findings. */
function scanned(found: Record<string, CheckerFinding[]>, change: Partial<ScanEntry> = {}, more: InputChange = {}) {
  const kinds = Object.keys(found);
  return mergeableInput({
    scans: [scan("secrets"), ...kinds.map((kind) => scan(kind, found[kind]))],
    ...more,
    config: {
      required_scans: ["secrets", ...kinds],
      scans: kinds.map((kind) => entry(kind, change)),
      overrides,
      ...more.config,
    },
  });
}

const flaw = (change: Partial<CheckerFinding> = {}): CheckerFinding => finding("high", "sast/eval", change);
const old = flaw({ state: "unchanged", count: 40 });
const leak = finding("critical", "leaks/generic-api-key");

export const scansCorpus: CorpusRow[] = [
  {
    name: "every kind was scanned and nothing was found",
    input: scanned(Object.fromEntries(KINDS.map((kind) => [kind, []]))),
  },
  ...KINDS.map((kind) => ({
    name: `a planted flaw of kind ${kind} is blocked by its own rule`,
    input: scanned(
      Object.fromEntries(KINDS.map((one) => [one, one === kind ? [finding("high", `${kind}/flaw`)] : []])),
    ),
    deny: [`no-${kind}-findings`],
  })),
  {
    name: "a planted flaw of every kind is blocked by all of the rules",
    input: scanned(Object.fromEntries(KINDS.map((kind) => [kind, [finding("critical", `${kind}/flaw`)]]))),
    deny: KINDS.map((kind) => `no-${kind}-findings`).sort(),
  },
  {
    name: "a kind that fails on nothing",
    input: scanned({ agents: [finding("high", "agents/plaintext")] }, { fail_on: [] }),
    warn: ["lesser-findings"],
  },
  {
    name: "a medium finding where medium ones block",
    input: scanned({ sast: [finding("medium", "sast/x")] }, { fail_on: ["medium"] }),
    deny: ["no-sast-findings"],
  },
  { name: "old debt", input: scanned({ sast: [old] }), warn: ["old-findings"] },
  { name: "old debt that blocks", input: scanned({ sast: [old] }, { old_debt: "block" }), deny: ["no-sast-findings"] },
  {
    name: "old debt that is overdue",
    input: scanned({ sast: [{ ...old, overdue: true }] }),
    deny: ["no-sast-findings"],
  },
  {
    name: "old debt of a kind that nobody configured",
    input: mergeableInput({ scans: [scan("secrets"), scan("sast", [old])] }),
    deny: ["no-high-findings"],
  },
  {
    name: "a new flaw beside old debt",
    input: scanned({ sast: [flaw(), old] }),
    deny: ["no-sast-findings"],
    warn: ["old-findings"],
  },
  { name: "a waived flaw", input: scanned({ sast: [flaw({ waived: true })] }), warn: ["waived-findings"] },
  {
    name: "a waived flaw that is overdue where old debt blocks",
    input: scanned({ sast: [{ ...old, overdue: true, waived: true }] }, { old_debt: "block" }),
    warn: ["waived-findings"],
  },
  {
    name: "a flaw at another commit",
    input: scanned({}, {}, { scans: [scan("secrets"), scan("sast", [flaw()], OLD)] }),
  },
  {
    name: "a kind that is configured and not asked of this pull request found something all the same",
    input: scanned({ sast: [flaw()] }, {}, { config: { required_scans: ["secrets"] } }),
    deny: ["no-sast-findings"],
  },
  {
    name: "a kind that has not reported",
    input: scanned({ sast: [] }, {}, { scans: [scan("secrets")] }),
    waiting: ["required-scans:machines"],
  },
  {
    name: "secrets that the configuration would let through",
    input: scanned(
      {},
      {},
      {
        scans: [scan("secrets", [finding("critical", "secrets/key", { state: "unchanged" })])],
        config: { scans: [entry("secrets", { fail_on: [] })] },
      },
    ),
    deny: ["no-critical-findings"],
  },
  {
    name: "one person sets a flaw aside",
    input: scanned({ sast: [flaw()] }, {}, { overrides: [override("barbara", "maintain", "no-sast-findings")] }),
    warn: ["no-sast-findings"],
  },
  {
    name: "one person and a leaked secret",
    input: scanned({ leaks: [leak] }, {}, { overrides: [override("barbara", "admin", "no-leaks-findings")] }),
    deny: ["no-leaks-findings"],
    warn: ["no-leaks-findings"],
  },
  {
    name: "one person twice and a leaked secret",
    input: scanned(
      { leaks: [leak] },
      {},
      {
        overrides: ["barbara", "Barbara"].map((by) => override(by, "admin", "no-leaks-findings")),
      },
    ),
    deny: ["no-leaks-findings"],
    warn: ["no-leaks-findings", "no-leaks-findings"],
  },
  {
    name: "one person, the author and a leaked secret",
    input: scanned(
      { leaks: [leak] },
      {},
      {
        overrides: ["barbara", "ada"].map((by) => override(by, "admin", "no-leaks-findings")),
      },
    ),
    deny: ["no-leaks-findings"],
    warn: ["no-leaks-findings", "no-leaks-findings"],
  },
  {
    name: "two people and a leaked secret",
    input: scanned(
      { leaks: [leak] },
      {},
      {
        overrides: ["barbara", "edsger"].map((by) => override(by, "admin", "no-leaks-findings")),
      },
    ),
    warn: ["no-leaks-findings", "no-leaks-findings"],
  },
  {
    name: "two people where the configuration asks for three",
    input: scanned(
      { sast: [flaw()] },
      {},
      {
        overrides: ["barbara", "edsger"].map((by) => override(by, "admin", "no-sast-findings")),
        config: { overrides: [{ rule: "no-sast-findings", permission: "write", people: 3 }] },
      },
    ),
    deny: ["no-sast-findings"],
    warn: ["no-sast-findings", "no-sast-findings"],
  },
  {
    name: "a kind that is configured twice is as strict as both together",
    input: scanned({ sast: [old] }, {}, { config: { scans: [entry("sast"), entry("sast", { old_debt: "block" })] } }),
    deny: ["no-sast-findings"],
  },
  ...malformed({
    "a waiver that is a word": { scans: [scan("sast", [flaw({ waived: "yes" as never })])] },
    "a state that nobody knows": { scans: [scan("sast", [flaw({ state: "old" as never })])] },
    "no findings at all as a group": { scans: [scan("sast", [flaw({ count: 0 })])] },
    "half a finding": { scans: [scan("sast", [flaw({ count: 0.5 })])] },
    "overdue as a word": { scans: [scan("sast", [flaw({ overdue: "no" as never })])] },
    "scans of the configuration as a map": { config: { scans: { sast: {} } as never } },
    "a scan of the configuration with a grace": { config: { scans: [entry("sast", { old_debt: "30d" as never })] } },
    "an override by nobody": { config: { overrides: [{ rule: "x", permission: "admin", people: 0 }] } },
  }),
];

function malformed(changes: Record<string, InputChange>): CorpusRow[] {
  return Object.entries(changes).map(([name, change]) => ({
    name,
    input: { ...mergeableInput(change), pull_request: { ...mergeableInput().pull_request, head_sha: HEAD } },
    deny: ["malformed-input"],
  }));
}
