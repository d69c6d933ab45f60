import type { Account, Repository, Role, State } from "./state.ts";

const ranks: Record<Role, number> = { read: 1, triage: 2, write: 3, maintain: 4, admin: 5 };

export function atLeast(role: Role | undefined, needed: Role): boolean {
  return role !== undefined && ranks[role] >= ranks[needed];
}

/** The highest of ownership, organisation, teams, direct collaboration and, in public, everyone's read. */
export function roleOf(state: State, repository: Repository, account: Account): Role | undefined {
  return explicitRoleOf(state, repository, account) ?? (repository.private ? undefined : "read");
}

/** What somebody was given in a repository, which leaves out what everybody may. */
export function explicitRoleOf(state: State, repository: Repository, account: Account): Role | undefined {
  const { owner } = repository;
  if (owner === account || owner.members.get(account.id) === "admin") return "admin";
  const roles: (Role | undefined)[] = [repository.collaborators.get(account.id)];
  for (const team of state.teamsOf(owner)) {
    if (team.members.has(account.id)) roles.push(team.repositories.get(repository.id));
  }
  if (owner.members.has(account.id)) roles.push("read");
  return roles.reduce((best, role) => (role && (!best || ranks[role] > ranks[best]) ? role : best), undefined);
}

/** The five roles of today as the four permissions of old, which `permission` still speaks. */
export function legacyPermission(role: Role | undefined): "admin" | "write" | "read" | "none" {
  switch (role) {
    case "admin":
      return "admin";
    case "maintain":
    case "write":
      return "write";
    case "triage":
    case "read":
      return "read";
    case undefined:
      return "none";
  }
}

export function permissionFlags(role: Role | undefined) {
  return {
    admin: role === "admin",
    maintain: atLeast(role, "maintain"),
    push: atLeast(role, "write"),
    triage: atLeast(role, "triage"),
    pull: atLeast(role, "read"),
  };
}

/** https://docs.github.com/graphql/reference/enums#commentauthorassociation */
export function associationOf(
  repository: Repository,
  account: Account,
): "OWNER" | "MEMBER" | "COLLABORATOR" | "CONTRIBUTOR" | "NONE" {
  if (repository.owner === account) return "OWNER";
  if (repository.owner.members.has(account.id)) return "MEMBER";
  if (repository.collaborators.has(account.id)) return "COLLABORATOR";
  return repository.contributors.has(account.id) ? "CONTRIBUTOR" : "NONE";
}
