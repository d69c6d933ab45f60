import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { quote } from "../log.ts";
import { readJsonFile, readSarifFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import type { Log } from "../sarif.ts";
import { ScanFailure } from "../scan-failure.ts";
import { bareEnvironment, type Scanned, type Scene } from "../scene.ts";
import type { Unread } from "../unread.ts";
import { type Judged, passedOver } from "./kubernetes-manifests.ts";

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
  const shown = await exported();
  const { root } = shown;
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
  const reports = [await readJsonFile(join(output, "results_json.json"), "checkov")].flat();
  const silent = await passedOver(shown, judged(reports), deadlineMs);
  const why = "Checkov says nothing of what Kubernetes would find in this file.";
  return { log, unread: [...unread(reports, root), ...silent.map((path) => ({ path, why }))] };
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

/** One per framework. */
function resultsOf(reports: readonly unknown[], name: string): unknown[] {
  return reports.flatMap((report) => {
    const list = (report as { results?: Record<string, unknown> } | null)?.results?.[name];
    return Array.isArray(list) ? list : [];
  });
}

/** Files that it could not parse stand only in its JSON. */
function unread(reports: readonly unknown[], root: string): Unread[] {
  const paths = resultsOf(reports, "parsing_errors").filter((path) => typeof path === "string");
  return [...new Set(paths)].map((path) => ({
    why: "Checkov could not parse this file.",
    path: (path.startsWith(`${root}/`) ? path.slice(root.length) : path).replace(/^\/+/, ""),
  }));
}

/** The objects of Kubernetes that it said something of. */
function judged(reports: readonly unknown[]): Judged {
  const ofKubernetes = reports.filter(
    (report) => (report as { check_type?: unknown } | null)?.check_type === "kubernetes",
  );
  const seen = new Map<string, Set<string>>();
  for (const list of ["passed_checks", "failed_checks", "skipped_checks"])
    for (const record of resultsOf(ofKubernetes, list)) {
      const { file_path: path, resource, file_line_range: lines } = record as Record<string, unknown>;
      if (typeof path !== "string" || typeof resource !== "string") continue;
      const key = path.replace(/^\/+/, "");
      seen.set(key, (seen.get(key) ?? new Set()).add(`${resource} ${JSON.stringify(lines)}`));
    }
  return new Map([...seen].map(([path, objects]) => [path, countBy(objects, (object) => object.split(".")[0] ?? "")]));
}

function countBy(values: Iterable<string>, keyOf: (value: string) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(keyOf(value), (counts.get(keyOf(value)) ?? 0) + 1);
  return counts;
}
