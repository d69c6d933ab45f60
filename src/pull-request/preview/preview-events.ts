import { canonicalJson, sha256Hex } from "../../model/canonical-json.ts";
import { formatKey, type PreviewKey } from "../../model/key.ts";
import type { PreviewRecord } from "../../model/preview.ts";
import type { LedgerEvent } from "../../ports/ledger.ts";

const REASONS_MAX = 5;
const REASON_CHARS_MAX = 300;
const OPTIONS_MAX = 50;

/** What a preview came to, for the ledger. */
export function stateEvent(key: PreviewKey, record: PreviewRecord, nowMs: number): LedgerEvent {
  const { state, sha, slug, url, reasons, made } = record;
  const subject = formatKey(key);
  return {
    type: `preview_${state.replaceAll("-", "_")}`,
    subject,
    atMs: nowMs,
    id: `preview/${subject}/${nowMs}/${state}`,
    data: {
      sha,
      slug,
      ...(url === undefined ? {} : { url }),
      clusters: made.map((one) => one.cluster),
      reasons: reasons.slice(0, REASONS_MAX).map((one) => `${one.cause}: ${one.message}`.slice(0, REASON_CHARS_MAX)),
    },
  };
}

/**
 * Why a preview is where it is: once for what was asked and chosen, however often it is thought again. Facts such as the load of a cluster change
 * all the time, and choose nothing new for a preview that is there.
 */
export function thoughtEvent(
  key: PreviewKey,
  { sha, slug, createdAtMs = 0 }: PreviewRecord,
  thought: Record<string, unknown>,
  nowMs: number,
): LedgerEvent {
  const subject = formatKey(key);
  const { asked, chosen, options } = thought;
  const decision = sha256Hex(canonicalJson({ asked, chosen })).slice(0, 16);
  return {
    type: "deployment_thought",
    subject,
    atMs: nowMs,
    id: `deployment_thought/${subject}/${createdAtMs}/${decision}`,
    data: {
      sha,
      slug,
      ...thought,
      ...(Array.isArray(options) ? { options: options.slice(0, OPTIONS_MAX) } : {}),
    },
  };
}
