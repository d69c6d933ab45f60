import type { InspectedApp } from "../ports/inspection.ts";

/** Pages of GitHub that mend something. All take the web address without a slash at the end. */

export function appSettingsUrl(web: string, app: Pick<InspectedApp, "owner" | "ownerType" | "slug">): string {
  return app.ownerType === "Organization"
    ? `${web}/organizations/${app.owner}/settings/apps/${app.slug}`
    : `${web}/settings/apps/${app.slug}`;
}

export interface Repository {
  owner: string;
  name: string;
}

export function rulesUrl(web: string, { owner, name }: Repository): string {
  return `${web}/${owner}/${name}/settings/rules`;
}

export function branchesUrl(web: string, { owner, name }: Repository): string {
  return `${web}/${owner}/${name}/settings/branches`;
}

export function fileUrl(web: string, { owner, name }: Repository, branch: string, path: string, line?: number): string {
  const place = [owner, name, "blob", ...branch.split("/"), ...path.split("/")].map(encodeURIComponent).join("/");
  return `${web}/${place}${line === undefined ? "" : `#L${line}`}`;
}
