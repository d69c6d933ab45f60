import type { AppDefinition } from "../config/app-definition.ts";
import type { Diagnosis } from "../model/diagnosis.ts";
import type { GrantedPermissions, InspectedApp, InspectedInstallation } from "../ports/inspection.ts";
import type { Facts } from "./facts.ts";
import { findingsAt, plain } from "./finding.ts";
import { appSettingsUrl } from "./links.ts";

const RANK: Record<string, number> = { read: 1, write: 2, admin: 3 };

export function reaches(held: string | undefined, needed: string): boolean {
  return (RANK[held ?? ""] ?? 0) >= (RANK[needed] ?? Number.POSITIVE_INFINITY);
}

function lacking(held: GrantedPermissions, { default_permissions }: AppDefinition): string[] {
  return Object.entries(default_permissions)
    .filter(([name, level]) => name !== "metadata" && !reaches(held[name], level))
    .map(([name, level]) => `${name}: ${level}`);
}

/** The App's own registration: who it is, what it may do and hears of. */
export function checkApp(facts: Facts): Diagnosis[] {
  const at = findingsAt("app");
  const { app, expected, settings } = facts;
  if (!app.ok) {
    const trouble = /'exp'|'iat'|Expiration time|Issued at/.test(app.problem);
    const fix = trouble
      ? "Set this machine's clock: timedatectl set-ntp true"
      : "Check APP_ID, the private key and GITHUB_API_URL, and that this machine reaches GitHub.";
    const refused = /answered (?:401|404)/.test(app.problem);
    const what = `GitHub could not be asked as the App: ${plain(app.problem)}`;
    return [refused ? at.fail("credentials", what, fix) : at.unknown("credentials", what, fix)];
  }
  const { value } = app;
  const page = appSettingsUrl(settings.githubWebUrl, value);
  const missing = lacking(value.permissions, expected);
  const deaf = expected.default_events.filter((event) => !value.events.includes(event));
  const unneeded = excess(value, expected);
  return [
    at.ok("credentials", `GitHub knows the App ${value.slug} (${value.id}) of ${value.owner}`),
    missing.length === 0
      ? at.ok("app-permissions", "The App asks for every permission of app.yml")
      : at.fail(
          "app-permissions",
          `The App does not ask for ${missing.join(", ")}`,
          `Set them under ${page}/permissions, then let every installation's owner accept.`,
        ),
    ...(unneeded.length > 0
      ? [
          at.warn(
            "app-permissions-unneeded",
            `The App may do more than app.yml asks for: ${plain(unneeded.join(", "))}`,
            `Lower them under ${page}/permissions.`,
          ),
        ]
      : []),
    deaf.length === 0
      ? at.ok("app-events", "The App is subscribed to every event of app.yml")
      : at.fail(
          "app-events",
          `The App is not subscribed to ${deaf.join(", ")}`,
          `Tick them under ${page}/permissions ("Subscribe to events").`,
        ),
  ];
}

function excess({ permissions }: InspectedApp, { default_permissions }: AppDefinition): string[] {
  return Object.entries(permissions)
    .filter(([name, level]) => name !== "metadata" && !reaches(default_permissions[name], level))
    .map(([name, level]) => `${name}: ${level}`);
}

/** Each installation: served at all, and with all that the App asks for by now. */
export function checkInstallations(facts: Facts): Diagnosis[] {
  const { installations, app, settings } = facts;
  const at = findingsAt("app");
  if (!installations.ok)
    return [at.unknown("installations", `The installations could not be read: ${plain(installations.problem)}`)];
  if (installations.value.length === 0) {
    const page = app.ok ? `${app.value.htmlUrl}/installations/new` : settings.githubWebUrl;
    return [at.fail("no-installation", "The App is installed nowhere: no pull request is looked at", page)];
  }
  return installations.value.flatMap((one) => checkInstallation(one, facts));
}

function checkInstallation(one: InspectedInstallation, facts: Facts): Diagnosis[] {
  const { expected, settings, app } = facts;
  const at = findingsAt(`installation ${plain(one.owner)}`, { owner: one.owner, installationId: one.id });
  const { allowedOwners } = settings;
  const findings: Diagnosis[] = [];
  if (allowedOwners.length > 0 && !allowedOwners.includes(one.owner.toLowerCase())) {
    findings.push(
      at.warn(
        "owner-not-allowed",
        `${plain(one.owner)} is not in HMS_ALLOWED_OWNERS: nothing of theirs is looked at`,
        `Add it there and restart the process, or uninstall: ${one.htmlUrl}`,
      ),
    );
  }
  if (one.suspended)
    findings.push(
      at.fail(
        "suspended",
        "The installation is suspended: GitHub tells nothing and takes nothing",
        `Unsuspend it: ${one.htmlUrl}`,
      ),
    );
  const missing = lacking(one.permissions, expected);
  // Where the App itself does not ask for it, there is nothing to accept yet.
  const acceptable = missing.filter(
    (text) => app.ok && reaches(app.value.permissions[text.split(":")[0] ?? ""], text.split(": ")[1] ?? ""),
  );
  if (acceptable.length > 0)
    findings.push(
      at.fail(
        "permissions-not-accepted",
        `Not accepted yet: ${acceptable.join(", ")}`,
        `An owner accepts under ${one.htmlUrl}/permissions/update`,
      ),
    );
  const deaf = expected.default_events.filter(
    (event) => app.ok && app.value.events.includes(event) && !one.events.includes(event),
  );
  if (deaf.length > 0)
    findings.push(
      at.fail(
        "events-not-accepted",
        `GitHub sends no ${deaf.join(", ")} for this installation`,
        `An owner accepts under ${one.htmlUrl}/permissions/update`,
      ),
    );
  return findings.length > 0
    ? findings
    : [at.ok("installation", "It is served, with every permission that the App asks for")];
}
