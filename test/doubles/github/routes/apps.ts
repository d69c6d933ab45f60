import { randomBytes } from "node:crypto";
import type { Actor } from "../auth.ts";
import { ApiError, notFound, validationFailed } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { type Call, created, noContent, ok, type Router } from "../http/router.ts";
import { emitInstallation } from "../installations.ts";
import { excess, type Permissions } from "../permissions.ts";
import { appShape, installationShape, installationTokenShape } from "../shapes/app.ts";
import { repositoryShape } from "../shapes/repository.ts";
import { type App, covers, type Installation, type Repository } from "../state.ts";

const TOKEN_LIFE_MS = 3_600_000;

export function requireApp(actor: Actor): App {
  if (actor.kind === "app") return actor.app;
  throw new ApiError(
    401,
    actor.kind === "anonymous" ? "Requires authentication" : "A JSON web token could not be decoded",
  );
}

function installationOf(call: Call): Installation {
  const app = requireApp(call.actor);
  const installation = call.site.state.installations.get(Number(call.params.installation_id));
  if (!installation || installation.app !== app) throw notFound();
  return installation;
}

/** https://docs.github.com/rest/apps */
export function appRoutes(router: Router): void {
  router.on("GET /app", (call) => {
    const app = requireApp(call.actor);
    const count = [...call.site.state.installations.values()].filter((installation) => installation.app === app).length;
    return ok({ ...appShape(call.site.url, app), installations_count: count });
  });
  router.on("GET /app/installations", (call) => {
    const app = requireApp(call.actor);
    const own = [...call.site.state.installations.values()].filter((installation) => installation.app === app);
    return paginated(call, own, (installation) => installationShape(call.site.url, installation));
  });
  router.on("GET /app/installations/{installation_id}", (call) =>
    ok(installationShape(call.site.url, installationOf(call))),
  );
  router.on("POST /app/installations/{installation_id}/access_tokens", (call) => createToken(call));
  router.on("DELETE /app/installations/{installation_id}", (call) => {
    const installation = installationOf(call);
    emitInstallation(call.site, installation, "deleted", installation.account);
    call.site.state.installations.delete(installation.id);
    return noContent();
  });
  router.on("PUT /app/installations/{installation_id}/suspended", (call) => suspend(call, true));
  router.on("DELETE /app/installations/{installation_id}/suspended", (call) => suspend(call, false));
  router.on("GET /orgs/{org}/installation", (call) => accountInstallation(call, call.params.org ?? "", "Organization"));
  router.on("GET /users/{username}/installation", (call) =>
    accountInstallation(call, call.params.username ?? "", "User"),
  );
  router.on("GET /repos/{owner}/{repo}/installation", (call) => {
    const app = requireApp(call.actor);
    const repository = call.site.state.repository(`${call.params.owner}/${call.params.repo}`);
    const installation = repository && call.site.state.installationOf(app, repository);
    if (!installation) throw notFound();
    return ok(installationShape(call.site.url, installation));
  });
  router.on("GET /installation/repositories", (call) => {
    const { actor, site } = call;
    if (actor.kind !== "installation")
      throw new ApiError(
        403,
        "You must authenticate with an installation access token in order to list repositories for an installation.",
      );
    const { installation, repositoryIds } = actor.token;
    const visible = repositoriesOf(call, installation).filter(({ id }) => !repositoryIds || repositoryIds.has(id));
    const selection = repositoryIds ? "selected" : installation.selection;
    return paginated(
      call,
      visible,
      (repository) => repositoryShape(site.url, site.state, repository),
      (repositories, total) => ({ total_count: total, repository_selection: selection, repositories }),
    );
  });
  router.on("DELETE /installation/token", (call) => {
    if (call.actor.kind !== "installation") throw new ApiError(401, "Requires authentication");
    call.site.state.installationTokens.delete(call.actor.token.token);
    return noContent();
  });
}

function repositoriesOf(call: Call, installation: Installation): Repository[] {
  return [...call.site.state.repositories.values()].filter((repository) => covers(installation, repository));
}

function suspend(call: Call, suspended: boolean) {
  const installation = installationOf(call);
  installation.suspendedAt = suspended ? call.site.now() : undefined;
  installation.suspendedBy = suspended ? installation.app.owner : undefined;
  emitInstallation(call.site, installation, suspended ? "suspend" : "unsuspend", installation.app.owner);
  return noContent();
}

function accountInstallation(call: Call, login: string, type: "User" | "Organization") {
  const app = requireApp(call.actor);
  const found = [...call.site.state.installations.values()].find(
    ({ app: of, account }) =>
      of === app && account.type === type && account.login.toLowerCase() === login.toLowerCase(),
  );
  if (!found) throw notFound();
  return ok(installationShape(call.site.url, found));
}

/** https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app */
function createToken(call: Call) {
  const { site, body } = call;
  const installation = installationOf(call);
  if (installation.suspendedAt) throw new ApiError(403, "This installation has been suspended");
  const names = body.strings("repositories");
  const ids = body.numbers("repository_ids");
  const all = repositoriesOf(call, installation);
  let chosen: Repository[] | undefined;
  if (names || ids) {
    chosen = all.filter(
      ({ id, name }) => names?.some((wanted) => wanted.toLowerCase() === name.toLowerCase()) || ids?.includes(id),
    );
    if (chosen.length < (names?.length ?? 0) + (ids?.length ?? 0)) {
      throw new ApiError(
        422,
        "There is at least one repository that does not exist or is not accessible to the parent installation.",
      );
    }
    if (chosen.length === 0) chosen = undefined;
  }
  const asked = body.object("permissions")?.json as Permissions | undefined;
  if (asked) {
    const missing = excess({ metadata: "read", ...installation.permissions }, asked);
    if (missing) throw new ApiError(422, "The permissions requested are not granted to this installation.");
    if (Object.values(asked).some((level) => !["read", "write", "admin"].includes(String(level))))
      throw validationFailed("permissions");
  }
  const token = {
    token: `ghs_${randomBytes(27).toString("base64url").replace(/[-_]/g, "x")}`,
    installation,
    expiresAt: new Date(site.now().getTime() + TOKEN_LIFE_MS),
    permissions: asked ?? installation.permissions,
    repositoryIds: chosen && new Set(chosen.map(({ id }) => id)),
  };
  site.state.installationTokens.set(token.token, token);
  return created(
    installationTokenShape(
      token,
      chosen?.map((repository) => repositoryShape(site.url, site.state, repository)),
    ),
  );
}
