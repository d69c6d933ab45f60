import { accountOf, appOfActor } from "../auth.ts";
import { ApiError, notFound } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { ok, type RepositoryCall, type Router } from "../http/router.ts";
import type { Review, ReviewState } from "../pull-state.ts";
import { dismissReview, editReview, emitReview, submitReview } from "../reviews.ts";
import { reviewShape } from "../shapes/pull-request.ts";
import { pullIn } from "./pulls.ts";

const events: Record<string, ReviewState> = {
  APPROVE: "APPROVED",
  REQUEST_CHANGES: "CHANGES_REQUESTED",
  COMMENT: "COMMENTED",
};
const eventNames = ["APPROVE", "REQUEST_CHANGES", "COMMENT"] as const;

/** https://docs.github.com/rest/pulls/reviews */
export function reviewRoutes(router: Router): void {
  const read = { needs: ["pull_requests:read" as const] };
  const write = { needs: ["pull_requests:write" as const], role: "read" as const };
  const shape = (call: RepositoryCall, review: Review) => ok(reviewShape(call.site.url, pullIn(call), review));
  router.repo("GET /pulls/{pull_number}/reviews", read, (call) => {
    const pull = pullIn(call);
    return paginated(call, pull.reviews, (review) => reviewShape(call.site.url, pull, review));
  });
  router.repo("GET /pulls/{pull_number}/reviews/{review_id}", read, (call) => shape(call, reviewIn(call)));
  router.repo("POST /pulls/{pull_number}/reviews", write, async (call) => {
    const pull = pullIn(call);
    const event = call.body.optionalOneOf("event", eventNames);
    const commitId = call.body.optionalString("commit_id");
    if (commitId && !(await call.repository.git.network.store.commit(commitId)))
      throw new ApiError(422, "Unprocessable Entity", { errors: ["Commit not found"] });
    const review = submitReview(call.site, pull, {
      user: accountOf(call.actor),
      via: appOfActor(call.actor),
      state: event ? (events[event] ?? "COMMENTED") : "PENDING",
      body: call.body.optionalString("body") ?? "",
      ...(commitId ? { commitId } : {}),
    });
    return shape(call, review);
  });
  router.repo("PUT /pulls/{pull_number}/reviews/{review_id}", write, (call) => {
    const review = reviewIn(call);
    editReview(call.site, pullIn(call), review, call.body.string("body"), accountOf(call.actor));
    return shape(call, review);
  });
  router.repo("POST /pulls/{pull_number}/reviews/{review_id}/events", write, (call) => {
    const review = reviewIn(call);
    if (review.state !== "PENDING") throw new ApiError(422, "Can not submit a review that is not pending");
    review.state = events[call.body.oneOf("event", eventNames)] ?? "COMMENTED";
    review.submittedAt = call.site.now();
    emitReview(call.site, pullIn(call), review, "submitted", accountOf(call.actor));
    return shape(call, review);
  });
  router.repo("PUT /pulls/{pull_number}/reviews/{review_id}/dismissals", { ...write, role: "write" }, (call) => {
    const review = reviewIn(call);
    call.body.string("message");
    dismissReview(call.site, pullIn(call), review, accountOf(call.actor));
    return shape(call, review);
  });
}

function reviewIn(call: RepositoryCall): Review {
  const review = pullIn(call).reviews.find(({ id }) => id === Number(call.params.review_id));
  if (!review) throw notFound();
  return review;
}
