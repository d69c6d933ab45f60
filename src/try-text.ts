import type { ReadOnlyVerdict } from "./pull-request/judge-read-only.ts";

/** A verdict as people read it in a terminal. */
export function verdictText(
  { owner, name, number }: { owner: string; name: string; number: number },
  { pull, mode, judgement, gate }: ReadOnlyVerdict,
): string {
  const state = pull.merged ? " (merged)" : pull.state === "closed" ? " (closed)" : pull.draft ? " (draft)" : "";
  const check = mode === "shadow" ? "hms/gate-shadow" : "hms/gate";
  const lines = [`${owner}/${name}#${number}  ${line(pull.title)}${state}`, `${check}: ${line(gate.title)}`, ""];
  if ("decision" in judgement) {
    const { deny, waiting, warn } = judgement.decision.verdict;
    for (const one of deny) lines.push(`  ✗ ${line(one.rule)}: ${line(one.message)}`, `      ${line(one.remedy)}`);
    for (const one of waiting) {
      const whom = one.whom ? `waiting for ${line(one.whom)}` : "nothing to do: it is awaited";
      lines.push(`  … ${line(one.rule)}: ${line(one.message)}`, `      ${whom}`);
    }
    for (const one of warn) lines.push(`  ! ${line(one.rule)}: ${line(one.message)}`);
    if (deny.length + waiting.length + warn.length === 0) lines.push("  ✓ All rules are met.");
    const { bundleRevision, inputDigest } = judgement.decision;
    lines.push("", `head ${pull.headSha}`, `policy ${line(bundleRevision)}`, `input ${inputDigest}`);
  } else {
    lines.push(`  ? ${line(judgement.undecided)}`, "", `head ${pull.headSha}`);
  }
  lines.push("Nothing was written. Holds and overrides that were given in comments are not known here.", "");
  return lines.join("\n");
}

/** A contributor's text must not move the cursor or change what stands beside it. */
function line(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, " ")
    .toWellFormed()
    .slice(0, 1_000);
}
