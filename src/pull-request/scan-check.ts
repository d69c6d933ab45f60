import type { CheckerConfig } from "../model/checker-input.ts";
import { CHECK_TEXT_LIMIT, joinWithin } from "../model/markdown.ts";
import type { ScanKind } from "../model/scan-kind.ts";
import type { Judged, ScanCheckRun } from "../scan/check-run.ts";
import type { CheckContent } from "./at-commit.ts";

/** `hms/scan/<kind>` of one commit. `plan`: what is to be read after the findings, in Markdown. */
export function scanCheck(sha: string, kind: ScanKind, check: ScanCheckRun, plan = ""): CheckContent {
  const { status, title, summary, annotations } = check;
  const lines = [...check.text.split("\n"), ...(plan === "" ? [] : ["", ...plan.split("\n")])];
  const text = joinWithin(lines, CHECK_TEXT_LIMIT, (left) => `*${left} lines left out here.*`);
  return {
    name: `hms/scan/${kind}`,
    sha,
    state: status === "completed" ? { status, conclusion: check.conclusion } : { status },
    title,
    summary,
    ...(text ? { text } : {}),
    ...(annotations.length > 0 ? { annotations } : {}),
  };
}

/** How the configuration in force judges the findings of a kind, so that its check shows red for what the gate blocks. */
export function judgedBy(config: CheckerConfig, kind: ScanKind): Partial<Judged> {
  const own = config.scans?.find((one) => one.kind === kind);
  return own ? { failOn: own.fail_on, oldDebtBlocks: own.old_debt === "block" } : {};
}
