import { SEVERITIES } from "../model/finding.ts";
import { DISPATCHED_KINDS, type DispatchedKind } from "../model/scan-kind.ts";
import { parseDurationMs } from "./duration.ts";
import type { DispatchedScan, ScanConfig } from "./scan.ts";
import { SCAN_TOOLS, type ScanFile } from "./scan-schema.ts";

/** What holds where no file says otherwise: nothing is scanned but for secrets. */
export const SCAN_DEFAULTS: ScanConfig = {
  dispatched: {},
  waiversPath: ".github/hms-waivers.yml",
  waiverDays: 180,
  codeScanning: false,
};

/** Keys under `scan` that an organisation can keep repositories from weakening, each for all kinds. */
export const SCAN_ENFORCEABLE = [
  "scan.required",
  "scan.fail_on",
  "scan.old_debt",
  "scan.waivers",
  "scan.agents",
] as const;

/** Any of the kinds, with whatever keys one of them has. */
type KindFile = Omit<NonNullable<ScanFile["sast"]>, "tool"> & { tool?: string | undefined } & Partial<
    Pick<NonNullable<ScanFile["dast"]>, "runs_on">
  > &
  Partial<Pick<NonNullable<ScanFile["quality"]>, "project">> &
  Partial<Pick<NonNullable<ScanFile["image"]>, "image">>;

/** Start-up configurations need not lie beside the agents. */
const AGENT_PATHS = ["agents/", "*startup*.y*ml", "*startup*.json", ".env.discovery"];

/** One file over what holds without it. */
export function overScan(base: ScanConfig, file: ScanFile | undefined): ScanConfig {
  if (file === undefined) return base;
  const dispatched: ScanConfig["dispatched"] = { ...base.dispatched };
  for (const kind of DISPATCHED_KINDS) {
    const own: KindFile | undefined = file[kind];
    if (own !== undefined) dispatched[kind] = overKind(kind, base.dispatched[kind], own);
  }
  const agents: ScanConfig["agents"] = file.agents
    ? {
        paths: file.agents.paths ?? base.agents?.paths ?? [...AGENT_PATHS],
        mode: file.agents.mode ?? base.agents?.mode ?? "warn",
      }
    : base.agents;
  return {
    dispatched,
    ...(agents === undefined ? {} : { agents }),
    waiversPath: file.waivers ?? base.waiversPath,
    waiverDays: file.waiver_days ?? base.waiverDays,
    codeScanning: file.code_scanning ?? base.codeScanning,
  };
}

function overKind(kind: DispatchedKind, base: DispatchedScan | undefined, own: KindFile): DispatchedScan {
  const runsOn = own.runs_on ?? base?.runsOn ?? (kind === "dast" ? "actions" : undefined);
  const project = own.project ?? base?.project;
  const image = own.image ?? base?.image;
  return {
    tool: own.tool ?? base?.tool ?? SCAN_TOOLS[kind][0],
    required: own.required ?? base?.required ?? true,
    paths: own.paths ?? base?.paths ?? [],
    failOn: own.fail_on
      ? SEVERITIES.filter((one) => own.fail_on?.includes(one))
      : (base?.failOn ?? ["critical", "high"]),
    oldDebt: own.old_debt === undefined ? (base?.oldDebt ?? "ignore") : oldDebtOf(own.old_debt),
    timeoutMs: own.timeout === undefined ? (base?.timeoutMs ?? 30 * 60_000) : (parseDurationMs(own.timeout) ?? 0),
    ...(runsOn === undefined ? {} : { runsOn: runsOn === "cluster" ? "cluster" : "actions" }),
    ...(project === undefined ? {} : { project }),
    ...(image === undefined ? {} : { image }),
  };
}

/** Of what the schema let through. */
function oldDebtOf(text: string): DispatchedScan["oldDebt"] {
  return text === "ignore" || text === "block" ? text : { graceMs: parseDurationMs(text) ?? 0 };
}

type Holder = { scan: ScanConfig };

/** By enforceable key: how the repository's file weakens what holds without it. */
export const SCAN_WEAKENED: Record<
  (typeof SCAN_ENFORCEABLE)[number],
  (base: Holder, own: Holder) => string | undefined
> = {
  "scan.required": (base, own) =>
    firstOf(base, own, (kind, least, mine) => {
      if (!least.required) return undefined;
      if (!mine?.required) return `\`scan.${kind}\` must stay required`;
      if (mine.tool !== least.tool) return `\`scan.${kind}.tool\` must stay \`${least.tool}\``;
      return narrower(least.paths, mine.paths) ? `\`scan.${kind}.paths\` must hold for the same files` : undefined;
    }),
  "scan.fail_on": (base, own) =>
    firstOf(base, own, (kind, least, mine) => {
      const gone = least.failOn.find((severity) => !mine?.failOn.includes(severity));
      return gone && `\`${gone}\` must stay in \`scan.${kind}.fail_on\``;
    }),
  "scan.old_debt": (base, own) =>
    firstOf(base, own, (kind, least, mine) =>
      mine === undefined || graceMs(mine) > graceMs(least) ? `\`scan.${kind}.old_debt\` may not be milder` : undefined,
    ),
  "scan.waivers": (base, own) => {
    if (own.scan.waiversPath !== base.scan.waiversPath) return `it must stay \`${base.scan.waiversPath}\``;
    return own.scan.waiverDays > base.scan.waiverDays
      ? `\`scan.waiver_days\` may not be more than ${base.scan.waiverDays}`
      : undefined;
  },
  "scan.agents": (base, own) => {
    const [least, mine] = [base.scan.agents, own.scan.agents];
    if (!least) return undefined;
    if (least.mode === "fail" && mine?.mode !== "fail") return "`mode` must stay `fail`";
    return narrower(least.paths, mine?.paths ?? []) ? "`paths` must hold for the same files" : undefined;
  },
};

function firstOf(
  base: Holder,
  own: Holder,
  weaker: (kind: DispatchedKind, least: DispatchedScan, mine: DispatchedScan | undefined) => string | undefined,
): string | undefined {
  for (const kind of DISPATCHED_KINDS) {
    const least = base.scan.dispatched[kind];
    const problem = least && weaker(kind, least, own.scan.dispatched[kind]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** No pattern means all files. */
function narrower(least: readonly string[], mine: readonly string[]): boolean {
  if (mine.length === 0) return false;
  return least.length === 0 || !least.every((path) => mine.includes(path));
}

function graceMs({ oldDebt }: DispatchedScan): number {
  if (oldDebt === "ignore") return Number.POSITIVE_INFINITY;
  return oldDebt === "block" ? 0 : oldDebt.graceMs;
}
