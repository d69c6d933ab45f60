import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { getInput, setOutput } from "@actions/core";
import { type Exported, exportTree } from "./export-tree.ts";
import { finishSarif } from "./finish-sarif.ts";
import { checkedOut, requireCommit } from "./git.ts";
import { readAsked, readMinutes } from "./inputs.ts";
import { withoutSuppressions } from "./neutral.ts";
import { addObservations } from "./observations.ts";
import { programOf } from "./program.ts";
import type { Scene } from "./scene.ts";
import { summarise } from "./summary.ts";
import { SCANNERS } from "./tools.ts";

/** The name of the report in the artifact. */
export const REPORT_FILE = "hms-scan.sarif";

/** Scans the commit and writes the report; nothing of the commit is executed. */
export async function scan(): Promise<void> {
  const asked = readAsked();
  const deadlineMs = Date.now() + readMinutes() * 60_000;
  const repository = checkedOut(resolve(getInput("code")));
  const { readsCode, run } = SCANNERS[asked.tool];
  if (readsCode) await requireCommit(repository, asked.sha);
  // Links in the path would make tools' absolute paths differ from ours.
  const work = await realpath(await mkdtemp(join(process.env.RUNNER_TEMP ?? "/tmp", "hms-scan-")));
  const scratch = join(work, "scratch");
  await mkdir(scratch);
  let exporting: Promise<Exported> | undefined;
  const exported = (): Promise<Exported> => {
    exporting ??= exportTree(repository, asked.sha, join(work, "code"), withoutSuppressions);
    return exporting;
  };
  const scene: Scene = {
    asked,
    repository,
    scratch,
    rules: join(resolve(getInput("trusted")), ".github/hms-scan"),
    exported,
    program: await programOf(asked.tool),
    deadlineMs,
  };
  const { log, unread } = await run(scene);
  // What the tool itself was shown; others read commits, or an image.
  const shown = await exporting;
  const files = readsCode ? await exported() : undefined;
  await finishSarif(log, files, asked.kind === "leaks");
  const named = unread.map(({ path, why }) => ({ path: shown?.elsewhere.get(path) ?? path, why }));
  addObservations(log, files, [...(shown?.unread ?? []), ...named]);
  const folder = join(work, "report");
  await mkdir(folder);
  const report = join(folder, REPORT_FILE);
  // Tools name their files in messages and help texts as well.
  await writeFile(report, JSON.stringify(log).replaceAll(`${join(work, "code")}/`, ""), { flag: "wx" });
  await rm(join(work, "code"), { recursive: true, force: true });
  await rm(scratch, { recursive: true, force: true });
  setOutput("sarif", report);
  await summarise(asked, log);
}
