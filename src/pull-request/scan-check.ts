import type { secretsCheckRun } from "../scan/check-run.ts";
import type { CheckContent } from "./at-commit.ts";

/** `hms/scan/secrets` of one commit. */
export function scanCheck(sha: string, check: ReturnType<typeof secretsCheckRun>): CheckContent {
  const { status, title, summary, text, annotations } = check;
  return {
    name: "hms/scan/secrets",
    sha,
    state: status === "completed" ? { status, conclusion: check.conclusion } : { status },
    title,
    summary,
    ...(text ? { text } : {}),
    ...(annotations.length > 0 ? { annotations } : {}),
  };
}
