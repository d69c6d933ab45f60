import { randomBytes } from "node:crypto";
import { emitInstallationTarget } from "../installations.ts";
import type { Site } from "../site.ts";
import type { Account, Role } from "../state.ts";
import { accountNamed, type RepositoryRef, repositoryNamed } from "./lookup.ts";

export type User = { login: string; id: number /** A personal access token. */; token: string };
export type Organization = { login: string; id: number };

export function newAccount(site: Site, login: string, type: Account["type"]): Account {
  return site.state.addAccount({
    id: site.state.nextId(),
    login,
    type,
    name: null,
    createdAt: site.now(),
    members: new Map(),
  });
}

/** People, organisations, teams and who may do what. */
export function accountAdministration(site: Site) {
  return {
    createUser(login: string): User {
      const user = newAccount(site, login, "User");
      const token = `ghp_${randomBytes(18).toString("hex")}`;
      site.state.userTokens.set(token, user);
      return { login, id: user.id, token };
    },

    /** A user or an organisation stays what it is: its id, what it wrote and what it may do. */
    renameAccount(login: string, newLogin: string): void {
      const account = accountNamed(site, login);
      site.state.renameAccount(account, newLogin);
      for (const installation of site.state.installations.values())
        if (installation.account === account) emitInstallationTarget(site, installation, login);
    },

    /** `members`: logins (as members) or login → role. */
    createOrg(login: string, options: { members?: string[] | Record<string, "admin" | "member"> } = {}): Organization {
      const organization = newAccount(site, login, "Organization");
      const { members = [] } = options;
      const entries = Array.isArray(members)
        ? members.map((member) => [member, "member"] as const)
        : Object.entries(members);
      for (const [member, role] of entries) organization.members.set(accountNamed(site, member).id, role);
      return { login, id: organization.id };
    },

    /** `null` ends the membership. */
    setOrgMember(org: string, login: string, role: "admin" | "member" | null): void {
      const { members } = accountNamed(site, org);
      const { id } = accountNamed(site, login);
      if (role) members.set(id, role);
      else members.delete(id);
    },

    createTeam(
      org: string,
      slug: string,
      options: { name?: string; members?: string[]; repositories?: Record<string, Role> } = {},
    ): { id: number; slug: string } {
      const organization = accountNamed(site, org);
      const team = {
        id: site.state.nextId(),
        slug,
        name: options.name ?? slug,
        organization,
        members: new Map(),
        repositories: new Map(),
      };
      for (const login of options.members ?? []) team.members.set(accountNamed(site, login).id, "member");
      for (const [name, role] of Object.entries(options.repositories ?? {}))
        team.repositories.set(repositoryNamed(site, name.includes("/") ? name : `${org}/${name}`).id, role);
      site.state.teams.push(team);
      return { id: team.id, slug };
    },

    addTeamMember(org: string, slug: string, login: string, role: "maintainer" | "member" = "member"): void {
      const account = accountNamed(site, login);
      const organization = accountNamed(site, org);
      if (!organization.members.has(account.id)) organization.members.set(account.id, "member");
      teamNamed(site, org, slug).members.set(account.id, role);
    },

    removeTeamMember(org: string, slug: string, login: string): void {
      teamNamed(site, org, slug).members.delete(accountNamed(site, login).id);
    },

    setTeamRepository(org: string, slug: string, repository: RepositoryRef, role: Role): void {
      teamNamed(site, org, slug).repositories.set(repositoryNamed(site, repository).id, role);
    },
  };
}

function teamNamed(site: Site, org: string, slug: string) {
  const team = site.state.teamsOf(accountNamed(site, org)).find((each) => each.slug === slug);
  if (!team) throw new Error(`no team ${org}/${slug}`);
  return team;
}
