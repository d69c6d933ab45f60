import type { ScanKind } from "../model/scan.ts";
import type { secretsCheckRun } from "../scan/check-run.ts";
import type { CheckContent } from "./at-commit.ts";

/** `hms/scan/<kind>` of one commit. */
export function scanCheck(sha: string, kind: ScanKind, check: ReturnType<typeof secretsCheckRun>): CheckContent {
  const { status, title, summary, text, annotations } = check;
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
