import type { CheckerApproval } from "../../model/checker-input.ts";
import type { Person, PullRequest, Review } from "../../model/pull-request.ts";
import type { RepositoryApi } from "../../ports/github.ts";
import type { Records } from "../../ports/records.ts";
import { type Carried, carriedTo } from "./carried-approvals.ts";

/**
 * People whose last word is an approval, of the head or of an earlier commit that proposes the very same change, each with what they may do
 * now. Whether an earlier one does is asked only where the approvals of the head are too few.
 */
export async function readApprovals(
  deps: { api: RepositoryApi; records: Records; installationId: number },
  pull: PullRequest,
  wanted: { count: number; carry: "content-neutral" | "never" },
  ask: {
    /** Whose approval cannot count anyway. */ pusher: Person | null /** Somebody in particular has to approve. */;
    owners: boolean;
  },
): Promise<CheckerApproval[]> {
  const { api } = deps;
  const given = lastWords(await api.reviews(pull.number)).filter(
    ({ state, author }) => state === "APPROVED" && author.type === "User" && author.id > 0,
  );
  const withPermission = async ({ author: { id, login }, sha }: Review): Promise<CheckerApproval> => ({
    id,
    login,
    sha,
    permission: await api.permission(login, id),
  });
  const atHead = await Promise.all(given.filter(({ sha }) => sha === pull.headSha).map(withPermission));
  const earlier = given.filter(({ sha }) => sha !== pull.headSha);
  const counting = atHead.filter(({ id, permission }) => id !== ask.pusher?.id && mayWrite(permission)).length;
  const enough = counting >= wanted.count && !ask.owners;
  if (wanted.carry === "never" || earlier.length === 0 || enough) return atHead;
  const candidates = (await Promise.all(earlier.map(withPermission))).filter(({ permission }) => mayWrite(permission));
  const proven: Map<string, Carried> = await carriedTo(
    deps,
    pull,
    candidates.map(({ sha }) => sha),
  );
  const carried = candidates.flatMap((approval) => {
    const found = proven.get(approval.sha);
    return found ? [{ ...approval, carried: found }] : [];
  });
  return [...atHead, ...carried];
}

function mayWrite(permission: CheckerApproval["permission"]): boolean {
  return permission === "write" || permission === "maintain" || permission === "admin";
}

/** The last review of each person that says yes or no. A comment does not take an approval back; a dismissal or a request for changes does. */
function lastWords(reviews: Review[]): Review[] {
  const latest = new Map<number, Review>();
  for (const review of reviews.sort((a, b) => a.submittedAtMs - b.submittedAtMs || a.id - b.id)) {
    if (review.state !== "COMMENTED" && review.state !== "PENDING") latest.set(review.author.id, review);
  }
  return [...latest.values()];
}
