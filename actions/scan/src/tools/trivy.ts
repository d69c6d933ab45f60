import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quote } from "../log.ts";
import { readSarifFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import { ScanFailure } from "../scan-failure.ts";
import { bareEnvironment, type Scanned, type Scene } from "../scene.ts";

/** https://trivy.dev/latest/docs/references/configuration/cli/trivy/ — as it is documented; no test has run it. */
export async function trivy(scene: Scene): Promise<Scanned> {
  const { scratch, program, deadlineMs } = scene;
  const [output, configuration, nothing] = [
    join(scratch, "trivy.sarif"),
    join(scratch, "trivy.yaml"),
    join(scratch, "ignore-nothing"),
  ];
  await writeFile(configuration, "{}\n");
  await writeFile(nothing, "");
  const end = await runTool({
    program,
    args: [
      ...(await whatOf(scene)),
      `--config=${configuration}`,
      `--ignorefile=${nothing}`,
      "--format=sarif",
      `--output=${output}`,
      "--exit-code=0",
      "--no-progress",
      `--cache-dir=${join(scratch, "cache")}`,
    ].concat(await targetOf(scene)),
    cwd: scratch,
    env: bareEnvironment(scratch, []),
    deadlineMs,
  });
  quote(end.stderr);
  if (end.code !== 0) throw new ScanFailure(`trivy ended with ${end.code}: ${lastWords(end)}`);
  return { log: await readSarifFile(output, "trivy"), unread: [] };
}

async function whatOf({ asked }: Scene): Promise<string[]> {
  if (asked.kind === "image") return ["image", "--scanners=vuln"];
  if (asked.kind === "dependencies") return ["filesystem", "--scanners=vuln"];
  if (asked.kind === "iac") return ["filesystem", "--scanners=misconfig"];
  throw new ScanFailure(`trivy is not for ${asked.kind}.`);
}

async function targetOf({ asked, exported }: Scene): Promise<string[]> {
  if (asked.kind !== "image") return [(await exported()).root];
  if (asked.target === undefined) throw new ScanFailure("HMS-SYS named no image to scan.");
  return [asked.target];
}
