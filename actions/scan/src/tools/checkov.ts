import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { quote } from "../log.ts";
import type { Unread } from "../observations.ts";
import { readJsonFile, readSarifFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import type { Log } from "../sarif.ts";
import { ScanFailure } from "../scan-failure.ts";
import { bareEnvironment, type Scanned, type Scene } from "../scene.ts";

/** Those that start other programs on the commit's files, or ask a service. */
const NOT_RUN = [
  "helm",
  "kustomize",
  "sca_package",
  "sca_image",
  "github_configuration",
  "gitlab_configuration",
  "bitbucket_configuration",
];

/** https://www.checkov.io/2.Basics/CLI%20Command%20Reference.html */
export async function checkov({ exported, scratch, program, deadlineMs }: Scene): Promise<Scanned> {
  const { root } = await exported();
  const [output, configuration] = [join(scratch, "output"), join(scratch, "configuration.yaml")];
  await mkdir(output);
  await writeFile(configuration, "{}\n");
  const end = await runTool({
    program,
    args: [
      `--config-file=${configuration}`,
      "--directory",
      root,
      "--output=sarif",
      "--output=json",
      `--output-file-path=${output}`,
      // So that findings and failures can be told apart.
      "--soft-fail",
      "--skip-download",
      "--download-external-modules=false",
      "--skip-framework",
      NOT_RUN.join(","),
    ],
    cwd: scratch,
    env: {
      ...bareEnvironment(scratch, [dirname(program)]),
      PYTHONNOUSERSITE: "1",
      PYTHONSAFEPATH: "1",
      // What Checkov leaves out by itself: hidden folders, some names, large files.
      CKV_IGNORE_HIDDEN_DIRECTORIES: "False",
      CKV_IGNORED_DIRECTORIES: "a-folder/that-no-repository-has",
      CHECKOV_MAX_FILE_SIZE: "0",
      CHECKOV_MAX_IAC_FILE_SIZE: "1000000000000",
      HCL_PARSE_TIMEOUT_SEC: "120",
      CKV_GITHUB_CONFIG_FETCH_DATA: "False",
      CKV_GITLAB_CONFIG_FETCH_DATA: "False",
      CKV_SKIP_PACKAGE_UPDATE_CHECK: "True",
      LOG_LEVEL: "WARNING",
    },
    deadlineMs,
  });
  quote(end.stderr);
  if (end.code !== 0) throw new ScanFailure(`checkov ended with ${end.code}: ${lastWords(end)}`);
  const log = await readSarifFile(join(output, "results_sarif.sarif"), "checkov");
  fromRoot(log, `${basename(root)}/`);
  countSkipped(log);
  return { log, unread: unread(await readJsonFile(join(output, "results_json.json"), "checkov"), root) };
}

/** Checkov's paths start where it stands, with every `/..` cut out. */
function fromRoot(log: Log, folder: string): void {
  const results = log.runs.flatMap((run) => run.results ?? []);
  for (const { physicalLocation } of results.flatMap(({ locations }) => locations ?? [])) {
    const artifact = physicalLocation?.artifactLocation;
    if (artifact?.uri?.startsWith(folder)) artifact.uri = artifact.uri.slice(folder.length);
  }
}

/** Checkov tells of a check that a comment skips, but as of something that does not count. */
function countSkipped(log: Log): void {
  for (const result of log.runs.flatMap((run) => run.results ?? [])) {
    if (result.suppressions !== undefined) result.level = "error";
  }
}

/** Files that it could not parse stand only in its JSON: one report, or a list of one per framework. */
function unread(json: unknown, root: string): Unread[] {
  const paths = [json].flat().flatMap((report) => {
    const errors = (report as { results?: { parsing_errors?: unknown } } | null)?.results?.parsing_errors;
    return Array.isArray(errors) ? errors.filter((path) => typeof path === "string") : [];
  });
  return [...new Set(paths)].map((path) => ({
    why: "Checkov could not parse this file.",
    path: (path.startsWith(`${root}/`) ? path.slice(root.length) : path).replace(/^\/+/, ""),
  }));
}
