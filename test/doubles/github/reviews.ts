import { ApiError, validationFailed } from "./http/errors.ts";
import type { Pull, Review, ReviewState } from "./pull-state.ts";
import { pullSummaryShape, reviewShape } from "./shapes/pull-request.ts";
import type { Site } from "./site.ts";
import type { Account, App } from "./state.ts";

/** https://docs.github.com/webhooks/webhook-events-and-payloads#pull_request_review: states in lower case there. */
export function emitReview(site: Site, pull: Pull, review: Review, action: string, by: Account, extra = {}): void {
  const shape = reviewShape(site.url, pull, review);
  site.webhooks.emit(pull.base.repository, "pull_request_review", by, {
    action,
    review: { ...shape, state: review.state.toLowerCase(), updated_at: shape.submitted_at },
    pull_request: pullSummaryShape(site.url, site.state, pull),
    ...extra,
  });
}

export type ReviewDraft = {
  user: Account;
  via?: App | undefined;
  state: ReviewState;
  body?: string;
  commitId?: string;
};

/** The author may comment on an own pull request, not judge it. */
export function submitReview(site: Site, pull: Pull, draft: ReviewDraft): Review {
  const own = draft.user === pull.issue.user;
  if (own && draft.state === "APPROVED")
    throw new ApiError(422, "Unprocessable Entity", { errors: ["Review Can not approve your own pull request"] });
  if (own && draft.state === "CHANGES_REQUESTED")
    throw new ApiError(422, "Unprocessable Entity", {
      errors: ["Review Can not request changes on your own pull request"],
    });
  const body = draft.body ?? "";
  if (body === "" && (draft.state === "CHANGES_REQUESTED" || draft.state === "COMMENTED")) {
    throw validationFailed("Body can't be blank");
  }
  const review: Review = {
    id: site.state.nextId(),
    user: draft.user,
    via: draft.via,
    body,
    state: draft.state,
    commitId: draft.commitId ?? pull.head.sha,
    submittedAt: site.now(),
  };
  pull.reviews.push(review);
  pull.requestedReviewers = pull.requestedReviewers.filter((account) => account !== draft.user);
  if (review.state !== "PENDING") emitReview(site, pull, review, "submitted", draft.user);
  return review;
}

export function dismissReview(site: Site, pull: Pull, review: Review, by: Account): void {
  if (review.state !== "APPROVED" && review.state !== "CHANGES_REQUESTED")
    throw new ApiError(422, "Can not dismiss a commented pull request review");
  review.state = "DISMISSED";
  emitReview(site, pull, review, "dismissed", by);
}

export function editReview(site: Site, pull: Pull, review: Review, body: string, by: Account): void {
  const from = review.body;
  review.body = body;
  emitReview(site, pull, review, "edited", by, { changes: { body: { from } } });
}
