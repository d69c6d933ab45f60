import { z } from "zod";

/** Where GitHub says when an event happened, by what it is about: the first that is there counts. */
const moment = z.object({ updated_at: z.iso.datetime({ offset: true }) });
const shapes = [
  z
    .object({ comment: z.object({ created_at: z.iso.datetime({ offset: true }) }) })
    .transform((p) => p.comment.created_at),
  z
    .object({ review: z.object({ submitted_at: z.iso.datetime({ offset: true }) }) })
    .transform((p) => p.review.submitted_at),
  z.object({ pull_request: moment }).transform((p) => p.pull_request.updated_at),
  z.object({ check_suite: moment }).transform((p) => p.check_suite.updated_at),
  z.object({ workflow_run: moment }).transform((p) => p.workflow_run.updated_at),
  z.object({ installation: moment }).transform((p) => p.installation.updated_at),
  // A push tells only when the repository was last pushed to, in seconds.
  z
    .object({ after: z.string(), repository: z.object({ pushed_at: z.number() }) })
    .transform((p) => p.repository.pushed_at * 1000),
];

/** ms since the epoch; undefined where the payload does not say. */
export function happenedAtMs(payload: unknown): number | undefined {
  for (const shape of shapes) {
    const found = shape.safeParse(payload);
    if (found.success) return new Date(found.data).getTime();
  }
  return undefined;
}
