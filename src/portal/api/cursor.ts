import { z } from "zod";
import type { LedgerPlace } from "../../ports/ledger.ts";

/**
 * Cursors are opaque to whoever uses them, and say nothing that the page before did not: whether its viewer may see the place is asked again with
 * each page.
 */
const place = z.tuple([
  z.string().regex(/^(?:repository\/\d{1,15}\/\d{1,15}|installation\/\d{1,15})$/),
  z.int().positive(),
]);
const row = z.string().regex(/^[a-z0-9-]{1,100}\/[a-z0-9._-]{1,100}#\d{1,10}$/);

/** Severity, repository, installation, rule, path and fingerprint of a finding, as lists are sorted. */
const finding = z
  .string()
  .max(1_000)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what no name holds stands between them
  .regex(/^[0-4]\u0000[a-z0-9-]{1,100}\/[a-z0-9._-]{1,100}\u0000\d{1,16}\u0000/);

export function findingCursor(order: string): string {
  return encode(order);
}

/** Undefined for what is no cursor of ours. */
export function readFindingCursor(text: string): string | undefined {
  const parsed = finding.safeParse(decode(text));
  return parsed.success ? parsed.data : undefined;
}

export function placeCursor({ stream, sequence }: LedgerPlace): string {
  return encode([stream, sequence]);
}

/** Undefined for what is no cursor of ours. */
export function readPlaceCursor(text: string): LedgerPlace | undefined {
  const parsed = place.safeParse(decode(text));
  return parsed.success ? { stream: parsed.data[0], sequence: parsed.data[1] } : undefined;
}

export function rowCursor(text: string): string {
  return encode(text);
}

/** Undefined for what is no cursor of ours. */
export function readRowCursor(text: string): string | undefined {
  const parsed = row.safeParse(decode(text));
  return parsed.success ? parsed.data : undefined;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(text: string): unknown {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
