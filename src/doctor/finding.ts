import type { Diagnosis, DiagnosisLevel } from "../model/diagnosis.ts";

/** A place and its lines, so that each check says only what it found. */
export function findingsAt(where: string, about?: Diagnosis["about"]) {
  const finding = (level: DiagnosisLevel, code: string, what: string, fix?: string, command?: string): Diagnosis => ({
    level,
    code,
    where,
    what,
    ...(about === undefined ? {} : { about }),
    ...(fix === undefined ? {} : { fix }),
    ...(command === undefined ? {} : { command }),
  });
  return {
    ok: (code: string, what: string) => finding("ok", code, what),
    warn: (code: string, what: string, fix: string) => finding("warn", code, what, fix),
    fail: (code: string, what: string, fix: string, command?: string) => finding("fail", code, what, fix, command),
    unknown: (code: string, what: string, fix?: string) => finding("unknown", code, what, fix),
  };
}

/** A text of GitHub's or of a repository's as a terminal may show it: nothing that moves the cursor or turns the line around. */
export function plain(text: string): string {
  return visible(text).slice(0, 500);
}

/** As one word of a shell's command line. */
export function quoted(text: string): string {
  return `'${visible(text).replaceAll("'", "'\\''")}'`;
}

function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
}
