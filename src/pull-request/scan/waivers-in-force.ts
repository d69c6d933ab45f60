import type { ScanReport } from "../../model/finding.ts";
import type { Waiver } from "../../model/waiver.ts";
import { GitHubError, type RepositoryApi } from "../../ports/github.ts";
import { applyWaivers, parseWaivers, tooLongWaivers, type WaiverProblem } from "../../scan/waivers.ts";

/** What was read of a repository's waivers. */
export interface WaiversRead {
  path: string;
  /** Of the default branch. Empty where there is no file, and where it is broken. */
  inForce: Waiver[];
  /** What is wrong with the default branch's file: then no waiver counts. */
  broken?: WaiverProblem[];
  /** The pull request's own text, where it changes the file. It does not count before it is merged. */
  proposed?: { waivers: Waiver[] | undefined; problems: WaiverProblem[] };
  /** ISO date, UTC, on which it was read. */
  today: string;
  daysMax: number;
}

/**
 * Reads the waivers of the default branch, whatever the pull request says of them (invariant I4), and beside them what it proposes.
 * @param touched trusted paths that the pull request changes.
 */
export async function waiversInForce(
  api: Pick<RepositoryApi, "file">,
  headSha: string,
  touched: readonly string[] | null,
  { path, daysMax, nowMs }: { path: string; daysMax: number; nowMs: number },
): Promise<WaiversRead> {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const read = await fileOf(api, path);
  const inForce = read === undefined ? { ok: true as const, waivers: [] } : parseWaivers(read);
  return {
    path,
    inForce: inForce.ok ? inForce.waivers : [],
    ...(inForce.ok ? {} : { broken: inForce.problems }),
    ...(touched?.includes(path) ? { proposed: proposalOf(await fileOf(api, path, headSha), today, daysMax) } : {}),
    today,
    daysMax,
  };
}

/** The reports with what is waived in them. `validUntilMs`: when the next waiver that is in use expires. */
export function withWaivers(
  reports: readonly ScanReport[],
  { path, inForce, broken, proposed, today, daysMax }: WaiversRead,
): { reports: ScanReport[]; validUntilMs?: number } {
  const applied = applyWaivers(reports, inForce, proposed?.waivers, today, daysMax);
  const [problem] = broken ?? [];
  if (!problem) return applied;
  const note = `No waiver counts: ${path} on the default branch is broken (line ${problem.line}: ${problem.message}).`;
  return {
    ...applied,
    reports: applied.reports.map((report) =>
      report.status === "completed" ? { ...report, waiverNotes: [note, ...(report.waiverNotes ?? [])] } : report,
    ),
  };
}

/** Its text; a file that GitHub does not give for its size is one that is broken. */
async function fileOf(api: Pick<RepositoryApi, "file">, path: string, ref?: string): Promise<string | undefined> {
  try {
    return await (ref === undefined ? api.file(path) : api.file(path, ref));
  } catch (error) {
    if (error instanceof GitHubError && error.status === 200) return TOO_LARGE;
    throw error;
  }
}

/** Longer than any text that is read, so that the parser says so. */
const TOO_LARGE = "#".repeat(256 * 1024 + 1);

/** A file that is taken away proposes that nothing is waived. */
function proposalOf(text: string | undefined, today: string, daysMax: number): NonNullable<WaiversRead["proposed"]> {
  if (text === undefined) return { waivers: [], problems: [] };
  const read = parseWaivers(text);
  return read.ok
    ? { waivers: read.waivers, problems: tooLongWaivers(read.waivers, today, daysMax) }
    : { waivers: undefined, problems: read.problems };
}
