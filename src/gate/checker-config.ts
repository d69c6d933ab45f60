import type { EffectiveConfig } from "../config/effective.ts";
import { DEFAULTS, type HmsConfig } from "../config/schema.ts";
import type { CheckerConfig } from "../model/checker-input.ts";
import { DISPATCHED_KINDS, type ScanKind } from "../model/scan-kind.ts";

/**
 * What the checker is told of the configuration in force. Of a broken one the defaults are told, and that it is broken, which is denied.
 * @param wanted kinds of scans that the pull request's files call for; absent: all that are configured.
 */
export function checkerConfig(
  inForce: EffectiveConfig,
  wanted?: ReadonlySet<ScanKind>,
): CheckerConfig & { mode: "enforce" | "shadow" } {
  const { gate, scan, preview } = inForce.valid ? inForce.config : DEFAULTS;
  const { count, carry, bots } = gate.approvals;
  const scans = scansOf(scan);
  const required = scans.filter((one) => one.required && (wanted?.has(one.kind) ?? true)).map(({ kind }) => kind);
  return {
    valid: inForce.valid,
    mode: gate.mode,
    required_scans: [...(scan.secrets.required ? ["secrets"] : []), ...required],
    approvals: { count, carry, bots },
    overrides: gate.overrides,
    ...(scans.length > 0 ? { scans } : {}),
    preview: { required: preview?.required ?? false },
  };
}

function scansOf({
  dispatched,
  agents,
}: HmsConfig["scan"]): (NonNullable<CheckerConfig["scans"]>[number] & { kind: ScanKind })[] {
  const entries = DISPATCHED_KINDS.flatMap((kind) => {
    const scan = dispatched[kind];
    if (!scan) return [];
    // A grace is a matter of time: findings that are past it come marked as such.
    const old_debt = scan.oldDebt === "block" ? ("block" as const) : ("ignore" as const);
    return [{ kind, required: scan.required, fail_on: [...scan.failOn], old_debt }];
  });
  if (!agents) return entries;
  const fails = agents.mode === "fail";
  return [
    ...entries,
    {
      kind: "agents",
      required: fails,
      fail_on: fails ? ["critical", "high", "medium", "low"] : [],
      old_debt: "ignore",
    },
  ];
}
