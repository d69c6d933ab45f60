import type { AppDefinition } from "../../config/app-definition.ts";

/** GitHub's own limit on an App's name, which has to be free on all of that GitHub. */
export const NAME_MAX = 34;

/**
 * The App as GitHub is asked to register it. The permissions and events are those of `app.yml`, the addresses lie below `publicUrl`.
 * https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest#github-app-manifest-parameters
 */
export function appManifest(
  definition: AppDefinition,
  { name, publicUrl }: { name: string; publicUrl: string },
): Record<string, unknown> {
  return {
    name,
    url: publicUrl,
    description: definition.description,
    // A public App could be installed by anyone, on our machine and at our quota.
    public: false,
    hook_attributes: { url: `${publicUrl}/api/github/webhooks`, active: true },
    redirect_url: `${publicUrl}/setup/callback`,
    callback_urls: [`${publicUrl}/sign-in/callback`],
    setup_url: `${publicUrl}/installed`,
    setup_on_update: false,
    request_oauth_on_install: false,
    default_permissions: definition.default_permissions,
    default_events: definition.default_events,
  };
}

/** Where the form with the manifest goes: the organisation's settings, or those of whoever is signed in at GitHub. */
export function registrationUrl(githubWebUrl: string, organisation: string | undefined, state: string): string {
  return `${appsUrl(githubWebUrl, organisation)}/new?state=${encodeURIComponent(state)}`;
}

/** The list of Apps in the settings of an organisation, or of whoever is signed in. */
export function appsUrl(githubWebUrl: string, organisation: string | undefined): string {
  return organisation === undefined
    ? `${githubWebUrl}/settings/apps`
    : `${githubWebUrl}/organizations/${encodeURIComponent(organisation)}/settings/apps`;
}

export type Choice = { organisation: string | undefined; name: string };

/** What the first form says; an empty organisation is the own account of whoever is signed in at GitHub. */
export function readChoice(given: {
  organisation: string;
  name: string;
}): { choice: Choice } | { code: "setup-organisation" | "setup-name" } {
  const organisation = given.organisation.trim();
  if (organisation !== "" && !/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?$/.test(organisation))
    return { code: "setup-organisation" };
  const name = given.name.trim() || `HMS-SYS ${organisation}`.trim().slice(0, NAME_MAX).trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (name.length > NAME_MAX || /[\u0000-\u001f\u007f]/.test(name)) return { code: "setup-name" };
  return { choice: { organisation: organisation || undefined, name } };
}
