import type { Role, Viewer } from "../../../src/portal/viewer.ts";

/** Somebody who sees every repository and has these roles everywhere. */
export function viewer(login = "ada", roles: Role[] = ["reader"]): Viewer {
  return { kind: "person", login, sees: () => true, has: (role) => role === "reader" || roles.includes(role) };
}
