import { z } from "zod";
import type { RepositoryRef } from "../../model/pull-request.ts";
import { GitHubError } from "../../ports/github.ts";
import type { Proposals } from "../../ports/proposals.ts";
import type { Connection } from "./connection.ts";
import { take } from "./shapes.ts";

const PAGES_MAX = 3;
const comparison = z.object({
  total_commits: z.number(),
  files: z.array(z.object({ filename: z.string(), sha: z.string().nullish() })),
});

/** https://docs.github.com/en/rest/git/refs, …/repos/contents and …/pulls */
export function proposals(connection: Connection, installationId: number, ref: RepositoryRef): Proposals {
  const scope = { repositoryIds: [ref.id] };
  const call = async (route: string, parameters: Record<string, unknown>): Promise<unknown> =>
    (await connection.call(installationId, scope, route, { owner: ref.owner, repo: ref.name, ...parameters })).data;
  /** Undefined where GitHub says 404, or 409 for a repository without commits. */
  const found = async (route: string, parameters: Record<string, unknown>): Promise<unknown> => {
    try {
      return await call(route, parameters);
    } catch (error) {
      if (error instanceof GitHubError && (error.fault === "not-found" || error.status === 409)) return undefined;
      throw error;
    }
  };
  const withContent = (path: string) => ({ path: path.split("/").map(encodeURIComponent).join("/") });
  return {
    async mayWrite() {
      const { contents, pull_requests } = await connection.permissions(installationId, scope);
      return contents === "write" && pull_requests === "write";
    },
    async mergedPulls(limit) {
      const shape = z.array(z.object({ number: z.number(), merged_at: z.string().nullish() }));
      const merged: number[] = [];
      for (let page = 1; page <= PAGES_MAX && merged.length < limit; page++) {
        const pulls = take(
          shape,
          await call("GET /repos/{owner}/{repo}/pulls", {
            state: "closed",
            sort: "updated",
            direction: "desc",
            per_page: 100,
            page,
          }),
        );
        merged.push(...pulls.flatMap(({ number, merged_at }) => (merged_at ? [number] : [])));
        if (pulls.length < 100) break;
      }
      return merged.slice(0, limit);
    },
    async branchHead(branch) {
      const answer = await found("GET /repos/{owner}/{repo}/git/ref/{+ref}", { ref: `heads/${branch}` });
      if (answer === undefined) return undefined;
      return take(z.object({ object: z.object({ sha: z.string() }) }), answer).object.sha;
    },
    async createBranch(branch, sha) {
      await call("POST /repos/{owner}/{repo}/git/refs", { ref: `refs/heads/${branch}`, sha });
    },
    async addFile(branch, path, text, message) {
      const content = Buffer.from(text).toString("base64");
      await call("PUT /repos/{owner}/{repo}/contents/{+path}", { ...withContent(path), branch, message, content });
    },
    async hasFile(branch, path) {
      const answer = await found("GET /repos/{owner}/{repo}/contents/{+path}", { ...withContent(path), ref: branch });
      return answer !== undefined;
    },
    async brings(base, head) {
      const route = "GET /repos/{owner}/{repo}/compare/{basehead}";
      const { total_commits, files } = take(comparison, await call(route, { basehead: `${base}...${head}` }));
      return {
        commits: total_commits,
        files: files.map(({ filename, sha }) => ({ path: filename, blobSha: sha ?? null })),
      };
    },
    async pullFrom(branch) {
      const parameters = { state: "all", head: `${ref.owner}:${branch}`, per_page: 1 };
      const pulls = take(
        z.array(z.object({ number: z.number() })),
        await call("GET /repos/{owner}/{repo}/pulls", parameters),
      );
      return pulls[0]?.number;
    },
    async openPull({ branch, base, title, body }) {
      const pull = await call("POST /repos/{owner}/{repo}/pulls", { head: branch, base, title, body });
      return take(z.object({ number: z.number() }), pull).number;
    },
  };
}
