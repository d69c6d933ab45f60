import { z } from "zod";
import type {
  ChangedFile,
  CommitSummary,
  Permission,
  Person,
  PullRequest,
  RepositoryRef,
  Review,
} from "../../model/pull-request.ts";
import {
  type CheckRunContent,
  type CheckRunRef,
  type CommitTree,
  GitHubError,
  type RepositoryApi,
} from "../../ports/github.ts";
import type { MergeGroupReads } from "../../ports/merge-groups.ts";
import { readPusher } from "./activity.ts";
import { readCommit, readComparison, readTree } from "./commit-reads.ts";
import type { Connection, Scope } from "./connection.ts";
import { shapes, take } from "./shapes.ts";
import { readTeamMembers } from "./team-members.ts";

/** GitHub stops the list of a pull request's commits at 250. */
const COMMITS_MAX = 250;
/** GitHub's limits: https://docs.github.com/en/rest/checks/runs#create-a-check-run */
const ANNOTATIONS_PER_REQUEST = 50;
const PERMISSIONS: readonly Permission[] = ["none", "read", "triage", "write", "maintain", "admin"];

/** One repository through GitHub's REST API. */
export class GitHubRepository implements Omit<RepositoryApi, keyof MergeGroupReads> {
  readonly ref: RepositoryRef;
  readonly #connection: Connection;
  readonly #installationId: number;
  readonly #scope: Scope;
  readonly #appId: number;

  constructor(connection: Connection, installationId: number, ref: RepositoryRef, appId: number) {
    this.#connection = connection;
    this.#installationId = installationId;
    this.ref = ref;
    this.#appId = appId;
    // An organisation's `.github` repository is known by name only until it was read once.
    this.#scope = ref.id > 0 ? { repositoryIds: [ref.id] } : { repositoryNames: [ref.name] };
  }

  async pull(number: number): Promise<PullRequest> {
    return take(
      shapes.pullRequest,
      await this.#get("GET /repos/{owner}/{repo}/pulls/{pull_number}", { pull_number: number }),
    );
  }

  async openPulls(): Promise<PullRequest[]> {
    const { items } = await this.#list("GET /repos/{owner}/{repo}/pulls", { state: "open" }, 100);
    return take(z.array(shapes.pullRequest), items);
  }

  async pullsAt(sha: string): Promise<PullRequest[]> {
    const { items } = await this.#list("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", { commit_sha: sha }, 10);
    return take(z.array(shapes.pullRequest), items).filter((pull) => pull.state === "open" && pull.headSha === sha);
  }

  async pullCommits(pull: PullRequest): Promise<{ commits: CommitSummary[]; complete: boolean }> {
    if (pull.commits <= COMMITS_MAX) {
      const { items, complete } = await this.#list(
        "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits",
        { pull_number: pull.number },
        3,
      );
      const commits = take(z.array(shapes.commitSummary), items);
      return { commits, complete: complete && commits.length === pull.commits && commits.at(-1)?.sha === pull.headSha };
    }
    // The comparison pages through all of them: https://docs.github.com/en/rest/commits/commits#compare-two-commits
    const commits: CommitSummary[] = [];
    const shape = z.object({ total_commits: z.number(), commits: z.array(shapes.commitSummary) });
    for (let page = 1; page <= 50; page++) {
      const answer = take(
        shape,
        await this.#get("GET /repos/{owner}/{repo}/compare/{basehead}", {
          basehead: `${pull.baseSha}...${pull.headSha}`,
          per_page: 100,
          page,
        }),
      );
      commits.push(...answer.commits);
      if (commits.length >= answer.total_commits || answer.commits.length === 0) {
        return { commits, complete: commits.length === answer.total_commits && commits.length >= pull.commits };
      }
    }
    return { commits, complete: false };
  }

  commit(sha: string): Promise<{ summary: CommitSummary; files: ChangedFile[]; complete: boolean }> {
    return readCommit((route, parameters) => this.#call(route, parameters), sha);
  }

  compare(base: string, head: string): Promise<{ mergeBase?: string; files: ChangedFile[]; complete: boolean }> {
    return readComparison((route, parameters) => this.#call(route, parameters), base, head);
  }

  tree(sha: string): Promise<CommitTree> {
    return readTree((route, parameters) => this.#call(route, parameters), sha);
  }

  async pullFiles(pull: PullRequest): Promise<{ files: ChangedFile[]; complete: boolean }> {
    const { items, complete } = await this.#list(
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
      { pull_number: pull.number },
      30,
    );
    const files = take(z.array(shapes.changedFile), items);
    return { files, complete: complete && files.length >= pull.changedFiles };
  }

  async blob(sha: string): Promise<Uint8Array> {
    const shape = z.object({ content: z.string(), encoding: z.string() });
    const { content, encoding } = take(
      shape,
      await this.#get("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", { file_sha: sha }),
    );
    return Buffer.from(content, encoding === "base64" ? "base64" : "utf8");
  }

  async file(path: string, ref?: string): Promise<string | undefined> {
    const shape = z.object({ type: z.string(), encoding: z.string().nullish(), content: z.string().nullish() });
    try {
      const answer = take(
        shape,
        await this.#get("GET /repos/{owner}/{repo}/contents/{+path}", {
          path: path.split("/").map(encodeURIComponent).join("/"),
          ...(ref ? { ref } : {}),
        }),
      );
      if (answer.type !== "file") return undefined;
      if (answer.encoding !== "base64" || typeof answer.content !== "string") {
        throw new GitHubError("unavailable", 200, `GitHub gave no content for ${path} (larger than 1 MB?)`);
      }
      return Buffer.from(answer.content, "base64").toString("utf8");
    } catch (error) {
      if (!(error instanceof GitHubError) || error.fault !== "not-found") throw error;
      // A 404 proves absence only if we may read contents at all.
      const permissions = await this.#connection.permissions(this.#installationId, this.#scope);
      if (permissions.contents === "read" || permissions.contents === "write") return undefined;
      throw new GitHubError("forbidden", 404, `the App may not read contents, so nothing can be said of ${path}`);
    }
  }

  async reviews(number: number): Promise<Review[]> {
    const { items, complete } = await this.#list(
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
      { pull_number: number },
      30,
    );
    if (!complete) throw new GitHubError("unavailable", 200, "more than 3,000 reviews");
    return take(z.array(shapes.review), items);
  }

  teamMembers(slug: string): Promise<ReadonlySet<number>> {
    return readTeamMembers((...call) => this.#list(...call), this.ref.owner, slug);
  }

  pushedBy(branch: string, sha: string): Promise<Person | null> {
    return readPusher((route, parameters) => this.#get(route, parameters), branch, sha);
  }

  async permission(login: string, id?: number): Promise<Permission> {
    const user = z.object({ id: z.number() }).nullish();
    const shape = z.object({ permission: z.string(), role_name: z.string().nullish(), user });
    try {
      const answer = take(
        shape,
        await this.#get("GET /repos/{owner}/{repo}/collaborators/{username}/permission", { username: login }),
      );
      if (id !== undefined && answer.user?.id !== id) return "none";
      // `permission` knows only admin, write, read, none; `role_name` tells maintain and triage apart, or names a custom role.
      const role = PERMISSIONS.find((known) => known === answer.role_name);
      return role ?? PERMISSIONS.find((known) => known === answer.permission) ?? "none";
    } catch (error) {
      // "Not a collaborator" and "no such account" both come as 404: neither may do anything.
      if (error instanceof GitHubError && error.fault === "not-found") return "none";
      throw error;
    }
  }

  async createCheckRun(content: CheckRunContent): Promise<CheckRunRef> {
    const { data } = await this.#call("POST /repos/{owner}/{repo}/check-runs", {
      ...checkRunBody(content, (content.annotations ?? []).slice(0, ANNOTATIONS_PER_REQUEST)),
      head_sha: content.sha,
    });
    const run = take(shapes.checkRun, data);
    return {
      id: run.id,
      externalId: content.externalId,
      annotations: Math.min(content.annotations?.length ?? 0, ANNOTATIONS_PER_REQUEST),
    };
  }

  async updateCheckRun(id: number, content: CheckRunContent): Promise<void> {
    await this.#call("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
      check_run_id: id,
      ...checkRunBody(content, (content.annotations ?? []).slice(0, ANNOTATIONS_PER_REQUEST)),
    });
  }

  async ownCheckRuns(sha: string, name: string): Promise<CheckRunRef[]> {
    const shape = z.object({ check_runs: z.array(shapes.checkRun) });
    const answer = take(
      shape,
      await this.#get("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
        ref: sha,
        check_name: name,
        app_id: this.#appId,
        filter: "all",
        per_page: 100,
      }),
    );
    return answer.check_runs
      .filter((run) => run.app?.id === this.#appId)
      .map((run) => ({
        id: run.id,
        externalId: run.external_id ?? "",
        annotations: run.output?.annotations_count ?? 0,
      }))
      .sort((a, b) => b.id - a.id);
  }

  async comment(number: number, body: string): Promise<{ id: number }> {
    const { data } = await this.#call("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
      issue_number: number,
      body,
    });
    return { id: take(shapes.comment, data).id };
  }

  async ownComments(number: number): Promise<{ id: number; body: string }[]> {
    const { items } = await this.#list(
      "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
      { issue_number: number },
      30,
    );
    return take(z.array(shapes.comment), items)
      .filter((comment) => comment.performed_via_github_app?.id === this.#appId)
      .map((comment) => ({ id: comment.id, body: comment.body ?? "" }))
      .sort((a, b) => b.id - a.id);
  }

  async react(commentId: number, content: string): Promise<void> {
    await this.#call("POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", {
      comment_id: commentId,
      content,
    });
  }

  #call(route: string, parameters: Record<string, unknown>): Promise<{ data: unknown; link: string | undefined }> {
    return this.#connection.call(this.#installationId, this.#scope, route, {
      owner: this.ref.owner,
      repo: this.ref.name,
      ...parameters,
    });
  }

  async #get(route: string, parameters: Record<string, unknown>): Promise<unknown> {
    return (await this.#call(route, parameters)).data;
  }

  #list(
    route: string,
    parameters: Record<string, unknown>,
    pages: number,
  ): Promise<{ items: unknown[]; complete: boolean }> {
    return this.#connection.list(
      this.#installationId,
      this.#scope,
      route,
      { owner: this.ref.owner, repo: this.ref.name, ...parameters },
      pages,
    );
  }
}

function checkRunBody(content: CheckRunContent, annotations: object[]): Record<string, unknown> {
  return {
    name: content.name,
    external_id: content.externalId,
    ...content.state,
    output: {
      title: content.title,
      summary: content.summary,
      ...(content.text ? { text: content.text } : {}),
      ...(annotations.length > 0 ? { annotations } : {}),
    },
    ...(content.actions ? { actions: content.actions } : {}),
  };
}
