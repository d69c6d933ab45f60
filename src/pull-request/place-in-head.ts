import { type Finding, SEVERITIES } from "../model/finding.ts";
import { GitHubError, type RepositoryApi } from "../ports/github.ts";
import type { Records } from "../ports/records.ts";
import type { SecretScanner } from "../scan/secrets.ts";

/** Files that are compared with the head, those with the worst findings: each costs a call and a scan. */
const PATHS_MAX = 50;
const CONCURRENT_FILES = 4;

/** What is remembered of one head: for each path its findings' fingerprints with the line where they stand, null where they do not. */
type Placements = [path: string, lines: [fingerprint: string, headLine: number | null][]][];

/**
 * Where the findings still stand in the head, so that they can be annotated there. A head does not change, so what was placed once is
 * remembered under `key`. The note tells of files that were left out.
 */
export async function placeInHead(
  deps: { api: RepositoryApi; records: Records; scanner: SecretScanner },
  headSha: string,
  findings: Finding[],
  key: string,
): Promise<{ findings: Finding[]; notes: string[] }> {
  const paths = worstPaths(findings);
  if (paths.length === 0) return { findings, notes: [] };
  const stored = await deps.records.get<Placements>(key);
  const known = new Map(stored?.value.map(([path, lines]) => [path, new Map(lines)]));
  const queue = paths
    .slice(0, PATHS_MAX)
    .filter((path) => !findings.every((one) => one.location.path !== path || known.get(path)?.has(one.fingerprint)));
  const fresh = queue.length > 0;
  await Promise.all(
    Array.from({ length: CONCURRENT_FILES }, async () => {
      for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
        const own = findings.filter((finding) => finding.location.path === path);
        const placed = await deps.scanner.headLines(own, path, await headText(deps.api, headSha, path));
        if (placed) known.set(path, new Map(placed.map((one) => [one.fingerprint, one.location.headLine ?? null])));
      }
    }),
  );
  if (fresh) {
    await deps.records.put(key, [...known].map(([path, lines]) => [path, [...lines]]) satisfies Placements);
  }
  const left = paths.length - PATHS_MAX;
  return {
    findings: findings.map((finding) => {
      const headLine = known.get(finding.location.path ?? "")?.get(finding.fingerprint);
      return typeof headLine === "number" ? { ...finding, location: { ...finding.location, headLine } } : finding;
    }),
    notes:
      left > 0
        ? [`${left} more files with findings were not compared with the head; their findings count all the same.`]
        : [],
  };
}

/** Paths with findings; those with the most severe ones first, else by name. */
function worstPaths(findings: readonly Finding[]): string[] {
  const ranks = new Map<string, number>();
  for (const { location, severity } of findings) {
    if (location.path === undefined) continue;
    const rank = SEVERITIES.indexOf(severity);
    ranks.set(location.path, Math.min(rank, ranks.get(location.path) ?? rank));
  }
  return [...ranks].sort(([a, rankA], [b, rankB]) => rankA - rankB || (a < b ? -1 : 1)).map(([path]) => path);
}

async function headText(api: RepositoryApi, headSha: string, path: string): Promise<string | undefined> {
  try {
    return await api.file(path, headSha);
  } catch (error) {
    // Too large for the contents API: the finding counts all the same, it only has no annotation.
    if (error instanceof GitHubError && error.status === 200) return undefined;
    throw error;
  }
}
