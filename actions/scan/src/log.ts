import { info } from "@actions/core";

/**
 * Writes text that a tool or a pull request chose into the job's log. The runner takes lines that begin with `::`, and `##[`
 * wherever it stands, for commands to itself.
 */
export function quote(text: string): void {
  const lines = text.slice(-50_000).split(/[\r\n\v\f\u0085\u2028\u2029]+/);
  for (const line of lines) if (line.trim() !== "") info(`  | ${unspoken(line)}`);
}

/** One line of such text, for a message of ours. */
export function unspoken(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ")
    .replaceAll("##[", "# #[")
    .replaceAll("::", ": :");
}
