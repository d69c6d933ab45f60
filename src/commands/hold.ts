import type { Intent } from "../model/intent.ts";
import type { Records } from "../ports/records.ts";

/** What a record `storageKey.hold` says. Those of earlier releases do not say when it was asked for. */
export interface HoldRecord {
  by: string;
  reason: string;
  /** ms since the epoch. */
  askedAtMs?: number;
  /** Absent where a button was pressed. */
  commentId?: number;
}

export function holdRecord(intent: Intent, reason: string): HoldRecord {
  const comment = intent.kind === "comment" ? { commentId: intent.commentId } : {};
  return { by: intent.sender.login, reason, askedAtMs: intent.askedAtMs, ...comment };
}

/** Whether somebody put it on hold after this was asked for: what is tried again must not undo what was asked later. */
export async function heldSince(records: Pick<Records, "get">, key: string, intent: Intent): Promise<boolean> {
  const hold = (await records.get<HoldRecord>(key))?.value;
  if (hold?.askedAtMs === undefined || hold.askedAtMs < intent.askedAtMs) return false;
  if (hold.askedAtMs > intent.askedAtMs) return true;
  // GitHub dates comments by the second; their ids grow.
  return hold.commentId !== undefined && intent.kind === "comment" && hold.commentId > intent.commentId;
}
