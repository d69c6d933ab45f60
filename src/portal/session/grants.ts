import type { TeamRef, VisibleInstallation } from "../../ports/people.ts";
import { ROLES, type Role } from "../viewer.ts";

/** The teams that give a role. Everyone who is signed in is a reader. */
export type RoleTeams = Readonly<Record<"operator" | "auditor" | "admin", readonly TeamRef[]>>;

/** What each role may do besides its own. */
const INCLUDES: Readonly<Record<Role, readonly Role[]>> = {
  reader: ["reader"],
  operator: ["reader", "operator"],
  auditor: ["reader", "auditor"],
  admin: ROLES,
};

/** Owner in lower case → roles in their repositories. */
export type Roles = ReadonlyMap<string, ReadonlySet<Role>>;

/**
 * The roles that come of teams. A team of an organisation gives its role for that organisation's repositories alone, and is asked for only
 * where the person sees an installation there.
 */
export async function rolesOf(
  teams: RoleTeams,
  visible: readonly VisibleInstallation[],
  isMember: (installationId: number, team: TeamRef) => Promise<boolean>,
): Promise<Roles> {
  const roles = new Map<string, Set<Role>>();
  for (const { id, owner } of visible) {
    const name = owner.toLowerCase();
    for (const role of ["operator", "auditor", "admin"] as const) {
      const own = teams[role].filter(({ org }) => org.toLowerCase() === name);
      for (const team of own) {
        if (!(await isMember(id, team))) continue;
        const held = roles.get(name) ?? new Set();
        for (const included of INCLUDES[role]) held.add(included);
        roles.set(name, held);
        break;
      }
    }
  }
  return roles;
}
