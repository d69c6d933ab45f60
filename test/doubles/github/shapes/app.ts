import type { App, Installation, InstallationToken } from "../state.ts";
import { accountShape } from "./account.ts";
import { nodeId, optionalTimestamp, type Schema, timestamp } from "./schema.ts";

/** `integration`: an App, as check runs and comments name it. */
export function appShape(base: string, app: App): Schema<"integration"> & { client_id: string } {
  const permissions: Record<string, string> = { metadata: "read", ...app.permissions };
  return {
    id: app.id,
    client_id: app.clientId,
    slug: app.slug,
    node_id: nodeId("App", app.id),
    owner: accountShape(base, app.owner),
    name: app.name,
    description: "",
    external_url: "https://example.com",
    html_url: `${base}/apps/${app.slug}`,
    created_at: timestamp(app.createdAt),
    updated_at: timestamp(app.createdAt),
    permissions,
    events: app.events,
  };
}

export function installationShape(base: string, installation: Installation): Schema<"installation"> {
  const { id, app, account } = installation;
  const page = account.type === "Organization" ? `organizations/${account.login}/settings` : "settings";
  return {
    id,
    client_id: app.clientId,
    account: accountShape(base, account),
    repository_selection: installation.selection,
    access_tokens_url: `${base}/app/installations/${id}/access_tokens`,
    repositories_url: `${base}/installation/repositories`,
    html_url: `${base}/${page}/installations/${id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: { metadata: "read", ...installation.permissions },
    events: installation.events,
    created_at: timestamp(installation.createdAt),
    updated_at: timestamp(installation.updatedAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: installation.suspendedBy ? accountShape(base, installation.suspendedBy) : null,
    suspended_at: optionalTimestamp(installation.suspendedAt),
  };
}

export function installationTokenShape(
  token: InstallationToken,
  repositories: Schema<"repository">[] | undefined,
): Schema<"installation-token"> {
  return {
    token: token.token,
    expires_at: timestamp(token.expiresAt),
    permissions: { metadata: "read", ...token.permissions },
    repository_selection: repositories ? "selected" : token.installation.selection,
    ...(repositories ? { repositories } : {}),
  };
}
