import type { FindingView } from "./finding-view.ts";

/** An entry of the file of waivers for one finding, to be pasted below `waivers:` and completed. */
export function waiverBlock({ row, proposedUntil }: Pick<FindingView, "row" | "proposedUntil">, login: string): string {
  const owner = /^[A-Za-z0-9][\w.-]{0,99}$/.test(login) ? login : "your-login";
  return [
    `  - fingerprint: ${row.fingerprint}`,
    // What a rule may be called in that file; others are left out.
    ...(/^[a-z]{1,40}\/[\w./@-]{1,150}$/.test(row.rule) ? [`    rule: ${row.rule}`] : []),
    "    reason: Why it may stay until then.",
    `    owner: ${owner}`,
    `    expires: ${proposedUntil}`,
  ].join("\n");
}
