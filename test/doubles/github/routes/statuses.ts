import { accountOf } from "../auth.ts";
import { ApiError } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { created, ok, type RepositoryCall, type Router } from "../http/router.ts";
import { combinedStatusShape, statusShape } from "../shapes/status.ts";
import { addStatus } from "../statuses.ts";
import { requireCommit } from "./revision.ts";

/** https://docs.github.com/rest/commits/statuses */
export function statusRoutes(router: Router): void {
  const read = { needs: ["statuses:read" as const] };
  router.repo("POST /statuses/{sha}", { needs: ["statuses:write"] }, async (call) => {
    const { body, repository, site } = call;
    const sha = call.params.sha ?? "";
    if (!(await repository.git.network.store.commit(sha))) throw new ApiError(422, `No commit found for SHA: ${sha}`);
    const status = {
      id: site.state.nextId(),
      sha,
      state: body.oneOf("state", ["error", "failure", "pending", "success"]),
      context: body.optionalString("context") ?? "default",
      description: body.optionalString("description") ?? null,
      targetUrl: body.optionalString("target_url") ?? null,
      creator: accountOf(call.actor),
      createdAt: site.now(),
    };
    await addStatus(site, repository, status);
    return created(statusShape(site.url, repository, status));
  });
  router.repo("GET /commits/{ref*}/status", read, async (call) => {
    const sha = await requireCommit(call.repository, call.params.ref ?? "");
    return ok(combinedStatusShape(call.site.url, call.site.state, call.repository, sha));
  });
  const list = async (call: RepositoryCall) => {
    const sha = await requireCommit(call.repository, call.params.ref ?? "");
    const statuses = [...(call.repository.statuses.get(sha) ?? [])].reverse();
    return paginated(call, statuses, (status) => statusShape(call.site.url, call.repository, status));
  };
  router.repo("GET /commits/{ref*}/statuses", read, list);
  router.repo("GET /statuses/{ref*}", read, list);
}
