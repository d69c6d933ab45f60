import { sha256Hex } from "../../model/canonical-json.ts";
import type { Flaw } from "./rules.ts";

/** One for each flaw, hex: over rule, path and subject, and an ordinal for equal ones. No line and no value is part of it. */
export function fingerprintsOf(flaws: readonly Flaw[]): string[] {
  const ordinals = new Map<string, number>();
  return flaws.map(({ rule, path, subject }) => {
    const base = JSON.stringify([`agents/${rule}`, path, ...subject]);
    const ordinal = ordinals.get(base) ?? 0;
    ordinals.set(base, ordinal + 1);
    return sha256Hex(`${base}\n${ordinal}`);
  });
}

/** Over the subject alone, hex: stays when the file is renamed. */
export function contextOf({ subject }: Flaw): string {
  return sha256Hex(JSON.stringify(subject));
}
