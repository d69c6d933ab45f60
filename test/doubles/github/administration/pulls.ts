import { emitSuite } from "../check-suites.ts";
import { requestAction, rerequestRun } from "../checks.ts";
import type { CheckAction, CheckRun, CheckSuite } from "../checks-state.ts";
import { createComment, deleteComment, editComment } from "../comments.ts";
import { addLabels, issueOf, removeLabel } from "../issues.ts";
import { type MergeRequest, mergePull } from "../merge.ts";
import { dequeuePull, enqueuePull } from "../merge-queue.ts";
import { fullPull } from "../pull-events.ts";
import type { ReviewState } from "../pull-state.ts";
import { closePull, editPull, openPull, reopenPull, setDraft } from "../pulls.ts";
import { dismissReview, editReview, submitReview } from "../reviews.ts";
import { checkRunShape } from "../shapes/check.ts";
import type { Schema } from "../shapes/schema.ts";
import type { Site } from "../site.ts";
import type { IssueComment } from "../state.ts";
import { accountNamed, pullNumbered, type RepositoryRef, repositoryNamed } from "./lookup.ts";

/** Pull requests, comments, reviews and check buttons, as people use them in the pages. */
export function pullAdministration(site: Site) {
  const authorOf = (ref: RepositoryRef, number: number) => pullNumbered(site, ref, number).issue.user;
  const actor = (ref: RepositoryRef, number: number, login: string | undefined) =>
    login === undefined ? authorOf(ref, number) : accountNamed(site, login);
  const commentOf = (ref: RepositoryRef, id: number): IssueComment => {
    const comment = repositoryNamed(site, ref).comments.get(id);
    if (!comment) throw new Error(`no comment ${id}`);
    return comment;
  };
  const reviewOf = (ref: RepositoryRef, number: number, id: number) => {
    const review = pullNumbered(site, ref, number).reviews.find((each) => each.id === id);
    if (!review) throw new Error(`no review ${id}`);
    return review;
  };

  return {
    /** Returns the full pull request, as REST shows it. */
    async openPull(
      ref: RepositoryRef,
      options: { head: string; base?: string; title?: string; body?: string; author?: string; draft?: boolean },
    ): Promise<Schema<"pull-request">> {
      const repository = repositoryNamed(site, ref);
      const { head, base = repository.defaultBranch, title = head, body = null, draft = false } = options;
      const author = options.author
        ? accountNamed(site, options.author)
        : head.includes(":")
          ? accountNamed(site, head.split(":")[0] ?? "")
          : repository.owner;
      const pull = await openPull(site, repository, { head, base, title, body, draft }, author);
      return fullPull(site, pull);
    },
    /** The pull request as it is now; asks for nothing, so `mergeable` stays what it was. */
    pull: (ref: RepositoryRef, number: number): Promise<Schema<"pull-request">> =>
      fullPull(site, pullNumbered(site, ref, number)),
    closePull: (ref: RepositoryRef, number: number, by?: string): Promise<void> =>
      closePull(site, pullNumbered(site, ref, number), actor(ref, number, by)),
    reopenPull: (ref: RepositoryRef, number: number, by?: string): Promise<void> =>
      reopenPull(site, pullNumbered(site, ref, number), actor(ref, number, by)),
    changeBase: (ref: RepositoryRef, number: number, base: string, by?: string): Promise<void> =>
      editPull(site, pullNumbered(site, ref, number), { base }, actor(ref, number, by)),
    editPull: (
      ref: RepositoryRef,
      number: number,
      change: { title?: string; body?: string | null },
      by?: string,
    ): Promise<void> => editPull(site, pullNumbered(site, ref, number), change, actor(ref, number, by)),
    markReady: (ref: RepositoryRef, number: number, by?: string): Promise<void> =>
      setDraft(site, pullNumbered(site, ref, number), false, actor(ref, number, by)),
    convertToDraft: (ref: RepositoryRef, number: number, by?: string): Promise<void> =>
      setDraft(site, pullNumbered(site, ref, number), true, actor(ref, number, by)),
    addLabel: (ref: RepositoryRef, number: number, name: string, by?: string): Promise<void> => {
      const repository = repositoryNamed(site, ref);
      return addLabels(
        site,
        repository,
        issueOf(repository, number),
        [name],
        by ? accountNamed(site, by) : repository.owner,
      );
    },
    removeLabel: (ref: RepositoryRef, number: number, name: string, by?: string): Promise<void> => {
      const repository = repositoryNamed(site, ref);
      return removeLabel(
        site,
        repository,
        issueOf(repository, number),
        name,
        by ? accountNamed(site, by) : repository.owner,
      );
    },
    comment(ref: RepositoryRef, number: number, options: { author: string; body: string }): { id: number } {
      const repository = repositoryNamed(site, ref);
      const { id } = createComment(site, repository, issueOf(repository, number), {
        user: accountNamed(site, options.author),
        via: undefined,
        body: options.body,
      });
      return { id };
    },
    editComment(ref: RepositoryRef, id: number, options: { body: string; by?: string }): void {
      const comment = commentOf(ref, id);
      editComment(
        site,
        repositoryNamed(site, ref),
        comment,
        options.body,
        options.by ? accountNamed(site, options.by) : comment.user,
      );
    },
    deleteComment(ref: RepositoryRef, id: number, options: { by?: string } = {}): void {
      const comment = commentOf(ref, id);
      deleteComment(
        site,
        repositoryNamed(site, ref),
        comment,
        options.by ? accountNamed(site, options.by) : comment.user,
      );
    },
    /** Comments of an issue or pull request, oldest first, with the reactions they got. */
    comments(
      ref: RepositoryRef,
      number: number,
    ): { id: number; author: string; body: string; reactions: { content: string; by: string }[] }[] {
      return issueOf(repositoryNamed(site, ref), number).comments.map(({ id, user, body, reactions }) => ({
        id,
        author: user.login,
        body,
        reactions: reactions.map(({ content, user: by }) => ({ content, by: by.login })),
      }));
    },
    review(
      ref: RepositoryRef,
      number: number,
      options: { author: string; state: ReviewState; body?: string; commitId?: string },
    ): { id: number } {
      const { author, state, commitId } = options;
      const body = options.body ?? (state === "APPROVED" ? "" : "Please see.");
      const { id } = submitReview(site, pullNumbered(site, ref, number), {
        user: accountNamed(site, author),
        state,
        body,
        ...(commitId ? { commitId } : {}),
      });
      return { id };
    },
    dismissReview: (ref: RepositoryRef, number: number, id: number, by: string): void =>
      dismissReview(site, pullNumbered(site, ref, number), reviewOf(ref, number, id), accountNamed(site, by)),
    editReview: (ref: RepositoryRef, number: number, id: number, options: { body: string; by: string }): void =>
      editReview(
        site,
        pullNumbered(site, ref, number),
        reviewOf(ref, number, id),
        options.body,
        accountNamed(site, options.by),
      ),
    /** Merges as REST would; throws what REST would answer. Returns the SHA on the base branch. */
    merge: (ref: RepositoryRef, number: number, options: { by: string } & MergeRequest): Promise<string> =>
      mergePull(site, pullNumbered(site, ref, number), options, accountNamed(site, options.by)),
    /** "Merge when ready" on a branch with a merge queue, as GraphQL's `enqueuePullRequest`; throws what GitHub would answer. */
    enqueue: (
      ref: RepositoryRef,
      number: number,
      options: { by: string; jump?: boolean; brings?: Record<string, string> },
    ): Promise<void> =>
      enqueuePull(site, pullNumbered(site, ref, number), { ...options, by: accountNamed(site, options.by) }),
    dequeue: (ref: RepositoryRef, number: number, by: string): Promise<void> =>
      dequeuePull(site, pullNumbered(site, ref, number), accountNamed(site, by)),
    /** The entries of a branch's merge queue, first to merge first, with the commit and branch that GitHub made for each. */
    mergeQueue: (
      ref: RepositoryRef,
      branch = "main",
    ): { number: number; sha: string | undefined; ref: string | undefined }[] =>
      (repositoryNamed(site, ref).queues.get(branch)?.entries ?? []).map(({ pull, group }) => ({
        number: pull.number,
        sha: group?.sha,
        ref: group?.ref,
      })),
    /** Every check run of a commit in the order of creation, superseded ones included. */
    checkRuns(ref: RepositoryRef, sha: string): Schema<"check-run">[] {
      const repository = repositoryNamed(site, ref);
      return (repository.checkRuns.get(sha) ?? []).map((run) => checkRunShape(site.url, site.state, repository, run));
    },
    /** The button "Re-run" on a check. */
    rerequestCheckRun(ref: RepositoryRef, id: number, by: string): void {
      rerequestRun(site, repositoryNamed(site, ref), runNumbered(site, id), accountNamed(site, by));
    },
    /** The button "Re-run all checks" of an App. */
    async rerequestCheckSuite(ref: RepositoryRef, id: number, by: string): Promise<void> {
      const suite = suiteNumbered(site, id);
      suite.rerequested = true;
      await emitSuite(site, repositoryNamed(site, ref), suite, "rerequested", accountNamed(site, by));
    },
    /** The buttons that the run put up; GitHub shows them to people on completed runs and to no program. */
    checkActions: (ref: RepositoryRef, id: number): CheckAction[] => {
      repositoryNamed(site, ref);
      const run = runNumbered(site, id);
      return run.status === "completed" ? [...run.actions] : [];
    },
    /** A button that the run itself put up. */
    requestCheckAction(ref: RepositoryRef, id: number, identifier: string, by: string): void {
      requestAction(site, repositoryNamed(site, ref), runNumbered(site, id), identifier, accountNamed(site, by));
    },
  };
}

function runNumbered(site: Site, id: number): CheckRun {
  const found = site.state.runs.get(id);
  if (!found) throw new Error(`no check run ${id}`);
  return found.run;
}

function suiteNumbered(site: Site, id: number): CheckSuite {
  const found = site.state.suites.get(id);
  if (!found) throw new Error(`no check suite ${id}`);
  return found.suite;
}
