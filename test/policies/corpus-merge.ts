import type { CorpusRow } from "./corpus.ts";
import { finding, HEAD, mergeableInput as merge, OLD, override, scan } from "./inputs.ts";

const bad = [scan("secrets", [finding("critical"), finding("critical")])];
const NO_CRITICAL = "no-critical-findings";
/** What was found of secrets takes two people. */
const BOTH = [override("barbara"), override("edsger")];

export const mergeCorpus: CorpusRow[] = [
  { name: "all is well", input: merge() },
  { name: "a fork with all else well", input: merge({ pull_request: { fork: true } }) },
  { name: "nothing asked for", input: merge({ approvals: [], config: { approvals: { count: 0 } } }) },

  { name: "a critical finding", input: merge({ scans: bad }), deny: [NO_CRITICAL] },
  {
    name: "a high finding",
    input: merge({ scans: [scan("secrets", [finding("high")])] }),
    deny: ["no-high-findings"],
  },
  {
    name: "critical and high findings of five rules",
    input: merge({
      scans: [
        scan("secrets", [
          finding("critical"),
          ...["a", "b", "c", "d"].map((rule) => finding("high", `secrets/${rule}`)),
        ]),
      ],
    }),
    deny: [NO_CRITICAL, "no-high-findings"],
  },
  {
    name: "lesser findings only warn",
    input: merge({ scans: [scan("secrets", [finding("medium"), finding("low"), finding("note")])] }),
    warn: ["lesser-findings"],
  },
  {
    name: "a finding of a scan that nobody requires",
    input: merge({ scans: [scan("secrets"), scan("sast", [finding("critical")])] }),
    deny: [NO_CRITICAL],
  },
  {
    name: "a finding at another commit",
    input: merge({ scans: [scan("secrets"), scan("sast", [finding("critical")], OLD)] }),
  },
  {
    name: "a finding of a scan that is still running",
    input: merge({
      scans: [scan("secrets"), { ...scan("sast", [finding("critical")]), status: "running", reason: "1 of 2 files" }],
    }),
    deny: [NO_CRITICAL],
  },

  { name: "a required scan is missing", input: merge({ scans: [] }), waiting: ["required-scans:machines"] },
  {
    name: "a required scan reported on an older commit",
    input: merge({ scans: [scan("secrets", [], OLD)] }),
    waiting: ["required-scans:machines"],
  },
  {
    name: "a required scan is running",
    input: merge({ scans: [{ ...scan("secrets"), status: "running", reason: "3 of 7 commits" }] }),
    waiting: ["required-scans:machines"],
  },
  {
    name: "a required scan could not tell",
    input: merge({ scans: [{ ...scan("secrets"), status: "unknown", reason: "The list of files is truncated." }] }),
    waiting: ["required-scans:machines"],
  },
  {
    name: "a required scan that reported twice, once without knowing",
    input: merge({ scans: [scan("secrets"), { ...scan("secrets"), status: "unknown" }] }),
    waiting: ["required-scans:machines"],
  },
  {
    name: "two required scans are missing, one named twice",
    input: merge({ scans: [], config: { required_scans: ["secrets", "sast", "sast"] } }),
    waiting: ["required-scans:machines", "required-scans:machines"],
  },
  {
    name: "a scan that nobody requires could not tell",
    input: merge({ scans: [scan("secrets"), { ...scan("sast"), status: "unknown" }] }),
  },

  {
    name: "on hold",
    input: merge({ hold: { by: "grace", reason: "release day" } }),
    waiting: ["hold:people"],
  },
  { name: "on hold without a reason", input: merge({ hold: { by: "grace", reason: "" } }), waiting: ["hold:people"] },
  { name: "a draft", input: merge({ pull_request: { draft: true } }), waiting: ["ready-for-review:people"] },
  {
    name: "facts that could not be had",
    input: merge({ unknown: ["The reviews could not be read.", "The commits could not be read."] }),
    waiting: ["facts-known:machines", "facts-known:machines"],
  },
  { name: "configuration is broken", input: merge({ config: { valid: false } }), deny: ["valid-configuration"] },
  {
    name: "everything at once",
    input: merge({
      scans: bad,
      approvals: [],
      hold: { by: "grace", reason: "wait" },
      unknown: ["The teams could not be read."],
      pull_request: { draft: true, touches_trusted_paths: null },
      config: { valid: false, required_scans: ["secrets", "sast"] },
    }),
    deny: [NO_CRITICAL, "valid-configuration"],
    waiting: [
      "approvals:people",
      "facts-known:machines",
      "hold:people",
      "ready-for-review:people",
      "required-scans:machines",
      "trusted-paths-admin-approval:machines",
    ],
  },

  {
    name: "overrides that count",
    input: merge({ scans: bad, overrides: BOTH }),
    warn: [NO_CRITICAL, NO_CRITICAL],
  },
  {
    name: "an override by the author",
    input: merge({ scans: bad, overrides: [override("Ada")] }),
    deny: [NO_CRITICAL],
    warn: [NO_CRITICAL],
  },
  {
    name: "an override by the last pusher",
    input: merge({ scans: bad, overrides: [override("barbara")], pull_request: { last_pusher: "barbara" } }),
    deny: [NO_CRITICAL],
    warn: [NO_CRITICAL],
  },
  {
    name: "an override while the last pusher is unknown",
    input: merge({
      scans: bad,
      overrides: [override("barbara")],
      pull_request: { last_pusher: null },
      config: { approvals: { count: 0 } },
    }),
    deny: [NO_CRITICAL],
    warn: [NO_CRITICAL],
  },
  {
    name: "an override by an app",
    input: merge({ scans: bad, overrides: [override("helper[bot]")] }),
    deny: [NO_CRITICAL],
    warn: [NO_CRITICAL],
  },
  {
    name: "an override with too little permission",
    input: merge({ scans: bad, overrides: [override("barbara", "maintain")] }),
    deny: [NO_CRITICAL],
    warn: [NO_CRITICAL],
  },
  {
    name: "an override at another commit",
    input: merge({ scans: bad, overrides: [override("barbara", "admin", NO_CRITICAL, OLD)] }),
    deny: [NO_CRITICAL],
    warn: [NO_CRITICAL],
  },
  {
    name: "an override of a rule that is not listed",
    input: merge({ scans: bad, overrides: [override("barbara")], config: { overrides: [] } }),
    deny: [NO_CRITICAL],
    warn: [NO_CRITICAL],
  },
  {
    name: "a rule that is listed twice takes the stricter permission",
    input: merge({
      scans: bad,
      overrides: [override("barbara", "write")],
      config: {
        overrides: [
          { rule: NO_CRITICAL, permission: "write" },
          { rule: NO_CRITICAL, permission: "admin" },
        ],
      },
    }),
    deny: [NO_CRITICAL],
    warn: [NO_CRITICAL],
  },
  {
    name: "an override of one rule does not lift another",
    input: merge({ scans: bad, overrides: [override("barbara", "admin", "no-high-findings")] }),
    deny: [NO_CRITICAL],
  },
  {
    name: "an override of a broken configuration",
    input: merge({
      overrides: [override("barbara", "admin", "valid-configuration")],
      config: { valid: false, overrides: [{ rule: "valid-configuration", permission: "write" }] },
    }),
    deny: ["valid-configuration"],
    warn: ["valid-configuration"],
  },
  {
    name: "an override of something that only waits",
    input: merge({
      approvals: [],
      overrides: [override("barbara", "admin", "approvals")],
      config: { overrides: [{ rule: "approvals", permission: "write" }] },
    }),
    waiting: ["approvals:people"],
  },
  {
    name: "an override beside an unknown fact",
    input: merge({ scans: bad, overrides: BOTH, unknown: ["The reviews could not be read."] }),
    waiting: ["facts-known:machines"],
    warn: [NO_CRITICAL, NO_CRITICAL],
  },
  {
    name: "words from outside stay words",
    input: merge({
      pull_request: { author: { id: 1, login: 'ada"\\\n', type: "User", association: "NONE" }, draft: true },
      unknown: ["%s {{.}} \u2028 <script> 日本語 \u{1f600} \u0000"],
      scans: [scan("secrets", [finding("critical", `x/${HEAD}'"`)])],
    }),
    deny: [NO_CRITICAL],
    waiting: ["facts-known:machines", "ready-for-review:people"],
  },
];
