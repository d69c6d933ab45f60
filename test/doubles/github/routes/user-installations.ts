import { ApiError, notFound } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import type { Call, Router } from "../http/router.ts";
import { explicitRoleOf } from "../roles.ts";
import { installationShape } from "../shapes/app.ts";
import { repositoryShape } from "../shapes/repository.ts";
import { covers, type Installation, type Repository } from "../state.ts";
import type { UserAccess } from "../user-access.ts";

/** https://docs.github.com/rest/apps/installations: what a person *and* the App whose token they use can see. */
export function userInstallationRoutes(router: Router): void {
  router.on("GET /user/installations", (call) => {
    const via = requireVia(call);
    const own = [...call.site.state.installations.values()].filter(
      (one) => one.app === via.app && isFor(call, via, one),
    );
    return paginated(
      call,
      own,
      (installation) => installationShape(call.site.url, installation),
      (installations, total) => ({ total_count: total, installations }),
    );
  });
  router.on("GET /user/installations/{installation_id}/repositories", (call) => {
    const via = requireVia(call);
    const installation = call.site.state.installations.get(Number(call.params.installation_id));
    if (installation?.app !== via.app || !isFor(call, via, installation)) throw notFound();
    if (installation.suspendedAt) throw new ApiError(403, "This installation has been suspended");
    return paginated(
      call,
      explicit(call, via, installation),
      (repository) => repositoryShape(call.site.url, call.site.state, repository, via.user),
      (repositories, total) => ({ total_count: total, repositories }),
    );
  });
}

function requireVia({ actor }: Call): UserAccess {
  if (actor.kind === "anonymous") throw new ApiError(401, "Requires authentication");
  if (actor.kind === "user" && actor.via) return actor.via;
  throw new ApiError(
    403,
    "You must authenticate with an access token authorized to a GitHub App in order to list installations",
  );
}

/** Of their own account, of an organisation that they own, or with a repository in it that was given to them. */
function isFor(call: Call, via: UserAccess, installation: Installation): boolean {
  const { account } = installation;
  if (account === via.user || account.members.get(via.user.id) === "admin") return true;
  return explicit(call, via, installation).length > 0;
}

function explicit({ site }: Call, { user }: UserAccess, installation: Installation): Repository[] {
  return [...site.state.repositories.values()].filter(
    (repository) => covers(installation, repository) && explicitRoleOf(site.state, repository, user) !== undefined,
  );
}
