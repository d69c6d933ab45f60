import type { Viewer } from "../viewer.ts";
import { sameText } from "./constant-time.ts";

const ROLES = ["reader", "operator", "auditor"];

export interface OperatorTokenOptions {
  /** Absent: no token opens anything. */
  token: string | undefined;
  /** Lower-case logins; empty: all owners. */
  allowedOwners: readonly string[];
  /** Every installation of the App, with its owner. */
  installations(): Promise<readonly { id: number; owner: string }[]>;
}

/** Who sends `Authorization: Bearer <HMS_OPERATOR_TOKEN>`: a machine that operates and audits, and administrates nothing. */
export function operatorToken(options: OperatorTokenOptions): (authorization: string) => Promise<Viewer | undefined> {
  const { token, allowedOwners } = options;
  const served = (owner: string): boolean => allowedOwners.length === 0 || allowedOwners.includes(owner.toLowerCase());
  return async (authorization) => {
    const [scheme = "", given = ""] = authorization.split(" ");
    if (token === undefined || scheme.toLowerCase() !== "bearer" || !sameText(given, token)) return undefined;
    const seen =
      allowedOwners.length === 0
        ? undefined
        : new Set((await options.installations()).filter(({ owner }) => served(owner)).map(({ id }) => id));
    return {
      kind: "machine",
      login: "operator token",
      sees: (installationId) => seen?.has(installationId) ?? true,
      has: (role, owner) => ROLES.includes(role) && (owner === undefined || served(owner)),
    };
  };
}
