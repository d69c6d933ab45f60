import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { quote } from "../log.ts";
import { readSarifFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import { ScanFailure } from "../scan-failure.ts";
import type { Scanned, Scene } from "../scene.ts";

/**
 * A scanner of the team's own: the program `.github/hms-scan/sarif` of the default branch. It is given the folder with the commit's files
 * and the file to write as arguments, and what was asked for in `HMS_…` variables.
 */
export async function ownScanner({ asked, rules, scratch, exported, deadlineMs }: Scene): Promise<Scanned> {
  const output = join(scratch, "own.sarif");
  const { root } = await exported();
  const program = join(rules, "sarif");
  await chmod(program, 0o755).catch((error: NodeJS.ErrnoException) => {
    throw new ScanFailure(`There is no .github/hms-scan/sarif on the default branch (${error.code}).`);
  });
  const end = await runTool({
    program,
    args: [root, output],
    cwd: scratch,
    env: {
      PATH: process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin",
      HOME: scratch,
      TMPDIR: scratch,
      HMS_KIND: asked.kind,
      HMS_SHA: asked.sha,
      HMS_BASE: asked.base ?? "",
      HMS_TARGET: asked.target ?? "",
    },
    deadlineMs,
  });
  quote(end.stdout);
  quote(end.stderr);
  if (end.code !== 0) throw new ScanFailure(`.github/hms-scan/sarif ended with ${end.code}: ${lastWords(end)}`);
  return { log: await readSarifFile(output, ".github/hms-scan/sarif"), unread: [] };
}
