import type { Pull } from "../pull-state.ts";
import { pullOf } from "../pulls.ts";
import type { Site } from "../site.ts";
import type { Account, App, Repository } from "../state.ts";

/** How tests name a repository: `owner/name`, or what `createRepository` and `fork` return. */
export type RepositoryRef = string | { fullName: string };
/** How tests name an App: its id, its slug, or what `registerApp` returns. */
export type AppRef = number | string | { id: number };

export function repositoryNamed(site: Site, ref: RepositoryRef): Repository {
  const name = typeof ref === "string" ? ref : ref.fullName;
  const repository = site.state.repository(name);
  if (!repository) throw new Error(`no repository ${name}`);
  return repository;
}

export function accountNamed(site: Site, login: string): Account {
  const account = site.state.account(login);
  if (!account) throw new Error(`no account ${login}`);
  return account;
}

export function appNamed(site: Site, ref: AppRef): App {
  const app = [...site.state.apps.values()].find(({ id, slug }) =>
    typeof ref === "string" ? slug === ref : id === (typeof ref === "number" ? ref : ref.id),
  );
  if (!app) throw new Error(`no app ${JSON.stringify(ref)}`);
  return app;
}

export function pullNumbered(site: Site, ref: RepositoryRef, number: number): Pull {
  return pullOf(repositoryNamed(site, ref), number);
}
