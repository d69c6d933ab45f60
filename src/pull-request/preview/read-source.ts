import type { PreviewReason } from "../../model/preview.ts";
export async function readSource(
  ..._: unknown[]
): Promise<{ ok: true } | { refused: PreviewReason[] } | { unknown: string }> {
  return { ok: true };
}
