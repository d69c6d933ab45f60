import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quote } from "../log.ts";
import { uriOf } from "../observations.ts";
import { readSarifFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import type { Log } from "../sarif.ts";
import { ScanFailure } from "../scan-failure.ts";
import { bareEnvironment, type Scanned, type Scene } from "../scene.ts";

/** Seconds for one rule on one file. Where they are over, the file is told of as not scanned. */
const RULE_TIMEOUT_S = 60;

/** https://semgrep.dev/docs/cli-reference — with the rules of the default branch and nothing else. */
export async function semgrep({ exported, scratch, rules, program, deadlineMs }: Scene): Promise<Scanned> {
  const own = join(rules, "semgrep");
  await access(own).catch(() => {
    throw new ScanFailure(
      "There are no rules: put Semgrep's rule files into .github/hms-scan/semgrep on the default branch.",
    );
  });
  const { root } = await exported();
  const output = join(scratch, "semgrep.sarif");
  const end = await runTool({
    program,
    args: [
      "scan",
      `--config=${own}`,
      "--sarif",
      `--output=${output}`,
      "--oss-only",
      "--metrics=off",
      "--disable-version-check",
      "--no-rewrite-rule-ids",
      // Inline suppressions, ignore files, and what Semgrep leaves out by itself: tests, vendored code, large files.
      "--disable-nosem",
      "--no-git-ignore",
      "--x-ignore-semgrepignore-files",
      "--max-target-bytes=0",
      `--timeout=${RULE_TIMEOUT_S}`,
      "--timeout-threshold=0",
      root,
    ],
    cwd: scratch,
    env: {
      ...bareEnvironment(scratch, [dirname(program), "/usr/bin", "/bin"]),
      SEMGREP_SETTINGS_FILE: join(scratch, "settings.yml"),
      PYTHONNOUSERSITE: "1",
      PYTHONSAFEPATH: "1",
    },
    deadlineMs,
  });
  quote(end.stderr);
  if (end.code !== 0) throw new ScanFailure(`semgrep ended with ${end.code}: ${lastWords(end)}`);
  const log = await readSarifFile(output, "semgrep");
  placeNotifications(log, root);
  return { log, unread: [] };
}

/** Files that Semgrep gave up on, wholly or in part, stand only in the words of its notifications. */
function placeNotifications(log: Log, root: string): void {
  const invocations = log.runs.flatMap((run) => run.invocations ?? []);
  for (const notification of invocations.flatMap((each) => each.toolExecutionNotifications ?? [])) {
    const { message, locations } = notification;
    if (message?.text === undefined) continue;
    const path = pathIn(message.text, root);
    message.text = message.text.replaceAll(`${root}/`, "");
    if (path !== undefined && locations === undefined)
      notification.locations = [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }];
  }
}

function pathIn(text: string, root: string): string | undefined {
  const at = text.indexOf(`${root}/`);
  if (at < 0) return undefined;
  const rest = text.slice(at + root.length + 1).split("\n")[0] ?? "";
  return /^(.*?)(?::\d+|: |['"]? *$)/.exec(rest)?.[1] || undefined;
}
