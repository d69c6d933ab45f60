import { summary } from "@actions/core";
import type { Asked } from "./inputs.ts";
import type { Log } from "./sarif.ts";

/** Numbers only: whatever else stands in a report was chosen by others. */
export async function summarise({ kind, tool, sha }: Asked, log: Log): Promise<void> {
  const results = log.runs.flatMap((run) => run.results ?? []);
  const levels = ["error", "warning", "note"].map((level) => {
    const count = results.filter((result) => (result.level ?? "warning") === level).length;
    return [level, String(count)];
  });
  await summary
    .addHeading(`hms-scan: ${kind}`, 2)
    .addRaw(`${tool} found ${results.length} in ${sha}. HMS-SYS judges them; see the check run hms/scan/${kind}.`, true)
    .addTable([
      [
        { data: "Level", header: true },
        { data: "Results", header: true },
      ],
      ...levels,
    ])
    .write();
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** `reason`: one line. It may quote a tool or a pull request, so it is neither Markdown nor HTML. */
export async function summariseFailure(reason: string): Promise<void> {
  const text = reason.replace(/[&<>]/g, (character) => ENTITIES[character] ?? "");
  await summary.addHeading("hms-scan failed", 2).addRaw(`<pre>${text}</pre>`, true).write();
}
