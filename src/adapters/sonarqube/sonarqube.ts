import * as z from "zod";
import type { AnnouncedAnalysis, QualityLook, QualityServer } from "../../ports/quality-server.ts";
import { type ApiOptions, type Ask, NoAnswer, openApi } from "./api.ts";

const text = z.string().max(4_000);
const instant = text.transform((date, context) => {
  const ms = Date.parse(date);
  if (Number.isFinite(ms)) return ms;
  context.addIssue({ code: "custom", message: "is no date" });
  return z.NEVER;
});

/** `commit`: SonarQube Cloud says which; SonarQube Server does not. */
const PULLS = z.object({
  pullRequests: z.array(
    z.object({ key: text, analysisDate: instant.optional(), commit: z.object({ sha: text }).optional() }),
  ),
});
/** Newest first: api/project_analyses/search. */
const ANALYSES = z.object({
  analyses: z.array(z.object({ key: text, date: instant, revision: text.optional() })),
});
const QUEUE = z.object({
  queue: z.array(z.object({ pullRequest: text.optional(), branch: text.optional() })).default([]),
});
const PAGE = z.object({
  paging: z.object({ total: z.int().nonnegative() }),
  issues: z.array(z.object({ project: text })),
});
const STATUS = z.object({ status: text, version: text.default("") });
const VALID = z.object({ valid: z.boolean() });

const PAGE_SIZE = 500;
/** https://docs.sonarsource.com/sonarqube-server/extension-guide/web-api/ — no list goes further. */
const ISSUES_MAX = 10_000;

/** One analysis of a commit, as far as it can be told from another one. */
interface Analysis {
  /** Parameter that every question about it takes; empty: the main branch. */
  of: { pullRequest?: string };
  revision: string;
  atMs: number;
}

/** A SonarQube server by its web API, only read. */
export function connectSonarQube(options: ApiOptions): QualityServer {
  return {
    async look(about) {
      try {
        return await look(openApi(options), options.url, about);
      } catch (error) {
        if (error instanceof NoAnswer) return { is: error.is, reason: error.message };
        throw error;
      }
    },
    async access(project) {
      const ask = openApi(options);
      try {
        const { status, version } = take(STATUS, await ask("api/system/status", {}));
        if (status !== "UP") return { ok: false, problem: "it is not up" };
        if (!take(VALID, await ask("api/authentication/validate", {})).valid)
          return { ok: false, problem: "it does not take the token of HMS-SYS" };
        if (project !== undefined) await ask("api/components/show", { component: project });
        return { ok: true, version: version.slice(0, 40) };
      } catch (error) {
        if (error instanceof NoAnswer) return { ok: false, problem: error.message };
        throw error;
      }
    },
  };
}

async function look(ask: Ask, url: string, about: Parameters<QualityServer["look"]>[0]): Promise<QualityLook> {
  const { project } = about;
  const analysis = await analysisOf(ask, about);
  if (analysis === undefined) return { is: "not-yet", reason: "SonarQube has not analysed this commit yet." };
  // The date is written before the issues can be searched: while it works on an analysis, an old list may stand beside a new date.
  if (await isAtWork(ask, project, analysis))
    return { is: "not-yet", reason: "SonarQube is at work on an analysis of this pull request." };
  const gate = await ask("api/qualitygates/project_status", { projectKey: project, ...analysis.of });
  const pages = await issuesOf(ask, project, analysis);
  const after = await analysisOf(ask, about);
  if (after?.atMs !== analysis.atMs || after.of.pullRequest !== analysis.of.pullRequest)
    return { is: "not-yet", reason: "SonarQube analysed something else while it was asked." };
  if (await isAtWork(ask, project, analysis))
    return { is: "not-yet", reason: "SonarQube is at work on an analysis of this pull request." };
  const page = new URLSearchParams({ id: project, ...analysis.of });
  return { is: "analysed", pages, gate, revision: analysis.revision, url: `${url}/dashboard?${page}` };
}

/** The newest analysis of one of the pull requests, or else of the main branch, if it is one of this very commit. */
async function analysisOf(
  ask: Ask,
  { project, sha, pulls, announced }: Parameters<QualityServer["look"]>[0],
): Promise<Analysis | undefined> {
  const { pullRequests } = take(PULLS, await ask("api/project_pull_requests/list", { project }));
  for (const { key, analysisDate, commit } of pullRequests) {
    if (!pulls.map(String).includes(key) || analysisDate === undefined) continue;
    const revision = commit?.sha.toLowerCase() ?? (isAnnounced(announced, key, analysisDate) ? sha : undefined);
    if (revision === sha) return { of: { pullRequest: key }, revision, atMs: analysisDate };
  }
  const { analyses } = take(ANALYSES, await ask("api/project_analyses/search", { project, ps: "1" }));
  const [newest] = analyses;
  const revision = newest?.revision?.toLowerCase();
  return newest && revision === sha ? { of: {}, revision, atMs: newest.date } : undefined;
}

/** Dates are given to the second. */
function isAnnounced(announced: AnnouncedAnalysis | undefined, key: string, atMs: number): boolean {
  return announced?.pullRequest === key && Math.floor(announced.analysedAtMs / 1000) === Math.floor(atMs / 1000);
}

async function isAtWork(ask: Ask, project: string, { of }: Analysis): Promise<boolean> {
  const { queue } = take(QUEUE, await ask("api/ce/component", { component: project }));
  return queue.some((task) =>
    of.pullRequest === undefined ? task.pullRequest === undefined : task.pullRequest === of.pullRequest,
  );
}

async function issuesOf(ask: Ask, project: string, { of }: Analysis): Promise<unknown[]> {
  const pages: unknown[] = [];
  for (let number = 1, total = 1; (number - 1) * PAGE_SIZE < total; number++) {
    const page = await ask("api/issues/search", {
      // The same under its name of before 10.2.
      ...{ components: project, componentKeys: project },
      ...of,
      ps: String(PAGE_SIZE),
      p: String(number),
    });
    const { paging, issues } = take(PAGE, page);
    total = paging.total;
    if (total > ISSUES_MAX)
      throw new NoAnswer("unusable", `SonarQube has ${total} issues here and gives out ${ISSUES_MAX} at most.`);
    // A server that does not know a parameter leaves it out of account, and would give everybody's.
    if (issues.some((issue) => issue.project !== project))
      throw new NoAnswer("unusable", "SonarQube gave issues of another project.");
    pages.push(page);
    if (issues.length === 0) break;
  }
  return pages;
}

function take<T>(schema: z.ZodType<T>, answer: unknown): T {
  const read = schema.safeParse(answer);
  if (!read.success)
    throw new NoAnswer("refused", "What answers at SonarQube's address does not answer as SonarQube does.");
  return read.data;
}
