/** What somebody may do in the portal and the API, in an organisation's repositories. Each is given by membership in a team. */
export const ROLES = ["reader", "operator", "auditor", "admin"] as const;
export type Role = (typeof ROLES)[number];

/**
 * Who asks: a person who signed in with GitHub, or a machine with the operator token. What one sees follows what one may see on GitHub; what
 * one may do follows from roles, which are given for each owner of repositories.
 */
export interface Viewer {
  kind: "person" | "machine";
  login: string;
  /** Whether GitHub shows this repository to them. */
  sees(installationId: number, repositoryId: number): boolean;
  /** Whether they have the role for the repositories of `owner`; without one, for those of any. Everyone who is signed in is a reader. */
  has(role: Role, owner?: string): boolean;
  /**
   * The same viewer with what GitHub says now, asked before somebody is refused: access that was just given need not wait for the next
   * look. Undefined when GitHub was asked moments ago.
   */
  renewed?(): Promise<Viewer | undefined>;
  /** The same viewer as things are now, for what lasts longer than a request; undefined once their session is over. */
  still?(): Promise<Viewer | undefined>;
}
