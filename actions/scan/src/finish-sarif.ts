import { readFile } from "node:fs/promises";
import { isAbsolute, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { Exported } from "./export-tree.ts";
import { asksToLookAway } from "./neutral.ts";
import { uriOf } from "./observations.ts";
import type { Log, PhysicalLocation, Result, Run } from "./sarif.ts";

const CONTEXT_LINES = 20;
const LINE_CHARS = 1_000;
const CACHED_FILES = 64;

/**
 * Makes a tool's SARIF the repository's: paths relative to its root, the lines around each result, and suppressions in the source
 * told of as rejected. Results are never dropped. `secret`: lines are not quoted, as they hold what was leaked.
 */
export async function finishSarif(log: Log, exported: Exported | undefined, secret: boolean): Promise<void> {
  const linesOf = lineReader(exported);
  for (const run of log.runs) {
    for (const result of run.results ?? []) {
      for (const { physicalLocation } of result.locations ?? [])
        if (physicalLocation) relocate(physicalLocation, exported);
      // Tools say so of what they would leave out themselves. Here nothing is left out.
      for (const suppression of result.suppressions ?? []) suppression.status = "rejected";
      const place = result.locations?.[0]?.physicalLocation;
      if (place) await annotate(result, place, linesOf, secret || isSecret(result));
      for (const { physicalLocation } of result.locations ?? []) rename(physicalLocation, exported);
    }
    for (const { toolExecutionNotifications } of run.invocations ?? [])
      for (const { locations } of toolExecutionNotifications ?? [])
        for (const { physicalLocation } of locations ?? []) rename(physicalLocation, exported);
    forgetThisMachine(run);
  }
}

/** Checkov looks for secrets, too, whatever it is asked for. */
function isSecret({ ruleId }: Result): boolean {
  return ruleId?.startsWith("CKV_SECRET_") === true;
}

/** What was shown to the tool under another name has its own in the report. */
function rename(place: PhysicalLocation | undefined, exported: Exported | undefined): void {
  const artifact = place?.artifactLocation;
  const own = exported?.elsewhere.get(pathOf(artifact?.uri ?? "") ?? "");
  if (artifact && own !== undefined) artifact.uri = uriOf(own);
}

function relocate(place: PhysicalLocation, exported: Exported | undefined): void {
  const artifact = place.artifactLocation;
  if (artifact?.uri === undefined) return;
  delete artifact.uriBaseId;
  delete artifact.index;
  artifact.uri = relativeUri(artifact.uri, exported);
}

/** A tool's path or URI as one relative to the repository's root, percent-encoded. What is elsewhere stays as it is: whoever reads the report judges it. */
export function relativeUri(uri: string, exported: Exported | undefined): string {
  // Some tools write a path as it is, some encode it.
  const path = exported?.files.has(inside(uri, exported)) ? uri : pathOf(uri);
  if (path === undefined) return uri;
  const relative = inside(path, exported);
  return isAbsolute(relative) ? uri : posix.normalize(relative).split("/").map(encodeURIComponent).join("/");
}

function inside(path: string, exported: Exported | undefined): string {
  return exported !== undefined && path.startsWith(`${exported.root}/`) ? path.slice(exported.root.length + 1) : path;
}

function pathOf(uri: string): string | undefined {
  try {
    if (uri.startsWith("file:")) return fileURLToPath(uri);
    return /^[a-z][a-z0-9+.-]+:/i.test(uri) ? undefined : decodeURIComponent(uri);
  } catch {
    // A path with a bare percent sign is a path; such an address is none.
    return uri.startsWith("file:") ? undefined : uri;
  }
}

type LinesOf = (uri: string) => Promise<readonly string[] | undefined>;

async function annotate(result: Result, place: PhysicalLocation, linesOf: LinesOf, secret: boolean): Promise<void> {
  const { region, artifactLocation } = place;
  if (secret) {
    delete place.contextRegion;
    if (region) delete region.snippet;
  }
  const from = region?.startLine;
  if (region === undefined || from === undefined || artifactLocation?.uri === undefined) return;
  const lines = await linesOf(artifactLocation.uri);
  if (lines === undefined || from < 1 || from > lines.length) return;
  const to = Math.min(Math.max(region.endLine ?? from, from), lines.length);
  if (result.suppressions === undefined && lines.slice(Math.max(0, from - 2), to).some(asksToLookAway))
    result.suppressions = [
      {
        kind: "inSource",
        status: "rejected",
        justification: "A comment asks the scanner to look away. It does not count.",
      },
    ];
  if (secret) return;
  delete region.snippet;
  const last = Math.min(to, from + CONTEXT_LINES - 1);
  const text = lines
    .slice(from - 1, last)
    .map((line) => line.slice(0, LINE_CHARS))
    .join("\n");
  place.contextRegion = { startLine: from, endLine: last, snippet: { text } };
}

/** Reads only files that were exported; keeps the last few. */
function lineReader(exported: Exported | undefined): LinesOf {
  const cache = new Map<string, readonly string[] | undefined>();
  return async (uri) => {
    const path = pathOf(uri);
    if (exported === undefined || path === undefined || !exported.files.has(path)) return undefined;
    if (cache.has(path)) return cache.get(path);
    const lines = (await readFile(join(exported.root, path), "utf8")).split(/\r\n|\n|\r/);
    const [oldest] = cache.keys();
    if (cache.size >= CACHED_FILES && oldest !== undefined) cache.delete(oldest);
    cache.set(path, lines);
    return lines;
  };
}

/** Folders, accounts and command lines of the machine are nobody's business. */
function forgetThisMachine(run: Run): void {
  delete run.originalUriBaseIds;
  delete run.artifacts;
  for (const invocation of run.invocations ?? []) {
    for (const name of [
      "commandLine",
      "arguments",
      "workingDirectory",
      "executableLocation",
      "environmentVariables",
      "machine",
      "account",
      "processId",
    ])
      delete invocation[name];
  }
}
