import { z } from "zod";
import type {
  Account,
  ChangedFile,
  CommitSummary,
  PullRequest,
  RepositoryRef,
  Review,
} from "../../model/pull-request.ts";
import { GitHubError } from "../../ports/github.ts";

/*
 * What we take from GitHub's answers, parsed once. Everything else in them is ignored, so that a new field never breaks us;
 * a missing one is GitHub being away (a proxy's page, say), not a fact.
 */

const account = z.object({ login: z.string(), id: z.number(), type: z.string().default("User") });
/** GitHub shows deleted accounts as null and, in the interface, as "ghost". */
const maybeAccount = account.nullish().transform((value): Account => value ?? { login: "ghost", id: 0, type: "User" });

const repository = z
  .object({ id: z.number(), name: z.string(), owner: z.object({ login: z.string() }), default_branch: z.string() })
  .transform((r): RepositoryRef => ({ id: r.id, owner: r.owner.login, name: r.name, defaultBranch: r.default_branch }));

const side = z.object({ sha: z.string(), ref: z.string(), repo: z.object({ id: z.number() }).nullish() });

const pullRequest = z
  .object({
    number: z.number(),
    title: z.string().nullish(),
    state: z.enum(["open", "closed"]),
    merged: z.boolean().nullish(),
    merged_at: z.string().nullish(),
    merged_by: account.nullish(),
    merge_commit_sha: z.string().nullish(),
    draft: z.boolean().nullish(),
    head: side,
    base: side,
    user: maybeAccount,
    author_association: z.string().default("NONE"),
    labels: z.array(z.object({ name: z.string().nullish() })).default([]),
    commits: z.number().default(0),
    changed_files: z.number().default(0),
    html_url: z.string().default(""),
    updated_at: z.string().nullish(),
  })
  .transform(
    (p): PullRequest => ({
      number: p.number,
      title: p.title ?? "",
      state: p.state,
      merged: p.merged ?? Boolean(p.merged_at),
      draft: p.draft ?? false,
      headSha: p.head.sha,
      headRef: p.head.ref,
      fork: !p.head.repo || p.head.repo.id !== p.base.repo?.id,
      baseRef: p.base.ref,
      baseSha: p.base.sha,
      author: p.user,
      authorAssociation: p.author_association,
      labels: p.labels.flatMap((label) => (label.name ? [label.name] : [])),
      commits: p.commits,
      changedFiles: p.changed_files,
      url: p.html_url,
      ...(p.updated_at ? { updatedAt: p.updated_at } : {}),
      ...(p.merged_at
        ? {
            merge: {
              by: p.merged_by?.login ?? null,
              atMs: Date.parse(p.merged_at),
              sha: p.merge_commit_sha ?? null,
            },
          }
        : {}),
    }),
  );

const STATUSES = ["added", "removed", "modified", "renamed", "copied", "changed", "unchanged"] as const;

const changedFile = z
  .object({
    filename: z.string(),
    previous_filename: z.string().nullish(),
    status: z.enum(STATUSES),
    additions: z.number(),
    deletions: z.number(),
    patch: z.string().nullish(),
    sha: z.string().nullish(),
  })
  .transform(
    (f): ChangedFile => ({
      path: f.filename,
      ...(f.previous_filename ? { previousPath: f.previous_filename } : {}),
      status: f.status,
      additions: f.additions,
      deletions: f.deletions,
      ...(typeof f.patch === "string" ? { patch: f.patch } : {}),
      blobSha: f.sha ?? null,
    }),
  );

const commitSummary = z
  .object({
    sha: z.string(),
    parents: z.array(z.object({ sha: z.string() })),
    commit: z.object({ message: z.string() }),
    // GitHub gives an empty object where the address belongs to nobody it knows.
    author: z.unknown(),
    committer: z.unknown(),
  })
  .transform((c): CommitSummary => {
    const author = account.safeParse(c.author).data;
    const committer = account.safeParse(c.committer).data;
    return {
      sha: c.sha,
      parents: c.parents.map((parent) => parent.sha),
      message: c.commit.message,
      ...(author ? { author } : {}),
      ...(committer ? { committer } : {}),
    };
  });

const review = z
  .object({
    id: z.number(),
    user: maybeAccount,
    state: z.enum(["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]),
    commit_id: z.string().nullish(),
    submitted_at: z.string().nullish(),
  })
  .transform(
    (r): Review => ({
      id: r.id,
      author: r.user,
      state: r.state,
      sha: r.commit_id ?? "",
      submittedAtMs: Date.parse(r.submitted_at ?? "") || 0,
    }),
  );

const checkRun = z.object({
  id: z.number(),
  external_id: z.string().nullish(),
  app: z.object({ id: z.number() }).nullish(),
  output: z.object({ annotations_count: z.number().default(0) }).nullish(),
});

const comment = z.object({
  id: z.number(),
  body: z.string().nullish(),
  user: maybeAccount,
  performed_via_github_app: z.object({ id: z.number() }).nullish(),
});

export const shapes = { repository, pullRequest, changedFile, commitSummary, review, checkRun, comment };

/** @throws {GitHubError} `unavailable` when the answer has not the shape that GitHub documents. */
export function take<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new GitHubError("unavailable", 200, `GitHub's answer has not the documented shape (at "${where}")`);
}
