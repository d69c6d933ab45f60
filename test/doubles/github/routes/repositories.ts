import { accountOf } from "../auth.ts";
import { ApiError, forbidden, notFound } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { ok, type RepositoryCall, type Router } from "../http/router.ts";
import { requirementsOf } from "../protection.ts";
import { legacyPermission, permissionFlags, roleOf } from "../roles.ts";
import { accountShape } from "../shapes/account.ts";
import { commitShape } from "../shapes/commit.ts";
import { protectionSummaryShape } from "../shapes/protection.ts";
import { fullRepositoryShape } from "../shapes/repository.ts";
import { teamShape } from "../shapes/team.ts";
import { fullName } from "../state.ts";

/** https://docs.github.com/rest/repos/repos, /branches, /collaborators */
export function repositoryRoutes(router: Router): void {
  const metadata = { needs: ["metadata:read" as const] };
  router.repo("GET ", metadata, (call) => {
    const viewer = call.actor.kind === "user" ? call.actor.user : undefined;
    return ok(fullRepositoryShape(call.site.url, call.site.state, call.repository, viewer));
  });
  router.repo("PATCH ", { needs: ["administration:write"], role: "admin" }, update);
  router.repo("GET /branches", { needs: ["contents:read"] }, (call) => {
    const wanted = call.query.get("protected");
    const branches = call.repository.git
      .list("refs/heads/")
      .map(({ ref, sha }) => ({ name: ref.slice("refs/heads/".length), sha }));
    const chosen = branches.filter(({ name }) => wanted === null || isProtected(call, name) === (wanted === "true"));
    return paginated(call, chosen, ({ name, sha }) => ({
      name,
      commit: { sha, url: `${call.site.url}/repos/${fullName(call.repository)}/commits/${sha}` },
      protected: isProtected(call, name),
    }));
  });
  router.repo("GET /branches/{branch*}", { needs: ["contents:read"] }, branch);
  router.repo("GET /collaborators/{username}/permission", metadata, (call) => {
    const account = call.site.state.account(call.params.username ?? "");
    if (!account) throw notFound(`${call.params.username} is not a user`);
    const role = roleOf(call.site.state, call.repository, account);
    return ok({
      permission: legacyPermission(role),
      user: { ...accountShape(call.site.url, account), permissions: permissionFlags(role), role_name: role ?? "none" },
      role_name: role ?? "none",
    });
  });
  router.repo("GET /teams", { needs: ["administration:read", "metadata:read"] }, (call) => {
    const teams = call.site.state
      .teamsOf(call.repository.owner)
      .filter((team) => team.repositories.has(call.repository.id));
    return paginated(call, teams, (team) => teamShape(call.site.url, team, team.repositories.get(call.repository.id)));
  });
}

function isProtected(call: RepositoryCall, name: string): boolean {
  return requirementsOf(call.repository, name).length > 0;
}

async function branch(call: RepositoryCall) {
  const { repository, site } = call;
  const name = call.params.branch ?? "";
  const sha = repository.git.branch(name);
  const commit = sha ? await repository.git.network.store.commit(sha) : undefined;
  if (!commit) throw notFound("Branch not found");
  const url = `${site.url}/repos/${fullName(repository)}/branches/${name}`;
  return ok({
    name,
    commit: commitShape(site.url, site.state, repository, commit),
    _links: { self: url, html: `${site.url}/${fullName(repository)}/tree/${name}` },
    protected: isProtected(call, name),
    protection: protectionSummaryShape(repository.protections.get(name)),
    protection_url: `${url}/protection`,
  });
}

function update(call: RepositoryCall) {
  const { body, repository, site } = call;
  const by = accountOf(call.actor);
  const name = body.optionalString("name");
  const defaultBranch = body.optionalString("default_branch");
  if (defaultBranch !== undefined && !repository.git.branch(defaultBranch))
    throw new ApiError(422, "Validation Failed", { errors: [`The branch ${defaultBranch} was not found.`] });
  if (repository.archived && body.boolean("archived", true))
    throw forbidden("Repository was archived so is read-only.");
  const from = repository.name;
  const emit = (action: string, changes?: unknown) =>
    site.webhooks.emit(repository, "repository", by, { action, ...(changes ? { changes } : {}) });
  if (name !== undefined && name !== from) {
    site.state.renameRepository(repository, name);
    emit("renamed", { repository: { name: { from } } });
  }
  if (defaultBranch !== undefined && defaultBranch !== repository.defaultBranch) {
    const was = repository.defaultBranch;
    repository.defaultBranch = defaultBranch;
    repository.git.setHead(defaultBranch);
    emit("edited", { default_branch: { from: was } });
  }
  const isPrivate = body.boolean("private", repository.private);
  if (isPrivate !== repository.private) {
    repository.private = isPrivate;
    emit(isPrivate ? "privatized" : "publicized");
  }
  const archived = body.boolean("archived", repository.archived);
  if (archived !== repository.archived) {
    repository.archived = archived;
    emit(archived ? "archived" : "unarchived");
  }
  repository.deleteBranchOnMerge = body.boolean("delete_branch_on_merge", repository.deleteBranchOnMerge);
  repository.updatedAt = site.now();
  return ok(fullRepositoryShape(site.url, site.state, repository, by));
}
