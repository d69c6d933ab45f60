import type { EffectiveConfig } from "../config/effective.ts";
import { DEFAULTS } from "../config/schema.ts";
import type { CheckerConfig } from "../model/checker-input.ts";

/** What the checker is told of the configuration in force. Of a broken one the defaults are told, and that it is broken, which is denied. */
export function checkerConfig(inForce: EffectiveConfig): CheckerConfig & { mode: "enforce" | "shadow" } {
  const { gate, scan, preview } = inForce.valid ? inForce.config : DEFAULTS;
  const { count, carry, bots } = gate.approvals;
  return {
    valid: inForce.valid,
    mode: gate.mode,
    required_scans: scan.secrets.required ? ["secrets"] : [],
    approvals: { count, carry, bots },
    overrides: gate.overrides,
    preview: { required: preview?.required ?? false },
  };
}
