import { canSee } from "../auth.ts";
import { ApiError, forbidden, notFound } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { type Call, noContent, ok, type Router } from "../http/router.ts";
import { type Need, satisfies } from "../permissions.ts";
import { accountShape, privateUserShape, publicUserShape } from "../shapes/account.ts";
import { appShape } from "../shapes/app.ts";
import { minimalRepositoryShape } from "../shapes/repository.ts";
import { teamShape } from "../shapes/team.ts";
import type { Account, Team } from "../state.ts";

/** https://docs.github.com/rest/users, /orgs, /teams */
export function accountRoutes(router: Router): void {
  router.on("GET /user", (call) => {
    if (call.actor.kind === "user") return ok(privateUserShape(call.site.url, call.actor.user));
    throw call.actor.kind === "anonymous" ? new ApiError(401, "Requires authentication") : forbidden();
  });
  router.on("GET /users/{username}", (call) => ok(publicUserShape(call.site.url, accountIn(call, "username"))));
  router.on("GET /apps/{app_slug}", (call) => {
    const app = [...call.site.state.apps.values()].find(({ slug }) => slug === call.params.app_slug);
    if (!app) throw notFound();
    return ok(appShape(call.site.url, app));
  });
  router.on("GET /orgs/{org}/repos", (call) => {
    const organization = organizationIn(call);
    const visible = [...call.site.state.repositories.values()].filter(
      (repository) => repository.owner === organization && canSee(call.site, call.actor, repository),
    );
    return paginated(call, visible, (repository) => minimalRepositoryShape(call.site.url, call.site.state, repository));
  });
  router.on("GET /orgs/{org}/members/{username}", (call) => {
    const organization = organizationIn(call);
    requireMembers(call, organization, "members:read");
    if (!organization.members.has(accountIn(call, "username").id))
      throw notFound("User is not a member of the organization");
    return noContent();
  });
  router.on("GET /orgs/{org}/members", (call) => {
    const organization = organizationIn(call);
    requireMembers(call, organization, "members:read");
    const members = [...organization.members.keys()].flatMap((id) => call.site.state.accounts.get(id) ?? []);
    return paginated(call, members, (member) => accountShape(call.site.url, member));
  });
  router.on("GET /orgs/{org}/teams", (call) => {
    const organization = organizationIn(call);
    requireMembers(call, organization, "members:read");
    return paginated(call, call.site.state.teamsOf(organization), (team) => teamShape(call.site.url, team, undefined));
  });
  router.on("GET /orgs/{org}/teams/{team_slug}/members", (call) => {
    const members = [...teamIn(call).members.keys()].flatMap((id) => call.site.state.accounts.get(id) ?? []);
    return paginated(call, members, (member) => accountShape(call.site.url, member));
  });
  router.on("GET /orgs/{org}/teams/{team_slug}/memberships/{username}", (call) => {
    const team = teamIn(call);
    const account = accountIn(call, "username");
    const role = team.members.get(account.id);
    if (!role) throw notFound();
    return ok({
      url: `${call.site.url}/organizations/${team.organization.id}/team/${team.id}/memberships/${account.login}`,
      role,
      state: "active",
    });
  });
}

function accountIn(call: Call, parameter: string): Account {
  const account = call.site.state.account(call.params[parameter] ?? "");
  if (!account) throw notFound();
  return account;
}

function organizationIn(call: Call): Account {
  const organization = accountIn(call, "org");
  if (organization.type !== "Organization") throw notFound();
  return organization;
}

function teamIn(call: Call): Team {
  const organization = organizationIn(call);
  requireMembers(call, organization, "members:read");
  const team = call.site.state.teamsOf(organization).find(({ slug }) => slug === call.params.team_slug);
  if (!team) throw notFound();
  return team;
}

/** Members of the organisation may look; an App needs the permission, in an installation there. */
function requireMembers({ actor }: Call, organization: Account, need: Need): void {
  switch (actor.kind) {
    case "user":
      if (!organization.members.has(actor.user.id)) throw notFound();
      return;
    case "installation":
      if (actor.token.installation.account !== organization) throw notFound();
      if (!satisfies(actor.token.permissions, need)) throw forbidden();
      return;
    default:
      throw new ApiError(401, "Requires authentication");
  }
}
