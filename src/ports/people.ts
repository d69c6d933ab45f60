/** A person as GitHub knows them. The id is their identity; the login may change, and then belong to somebody else. */
export interface Person {
  id: number;
  login: string;
}

/** What GitHub shows to a person through the App. */
export interface VisibleInstallation {
  id: number;
  owner: string;
  repositoryIds: number[];
}

export interface UserToken {
  token: string;
  expiresAtMs: number;
}

/**
 * Signing in with GitHub and what people may see there, asked with their own tokens. Calls reject with `GitHubError`; one with status 401 says
 * that the token is no longer good.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
 */
export interface People {
  /** Where a browser goes to sign in. `challenge`: RFC 7636, S256. */
  authorizeUrl(asked: { redirectUri: string; state: string; challenge: string }): string;
  /** `refused`: GitHub's own code for why not, such as `bad_verification_code`. */
  exchange(given: { code: string; verifier: string; redirectUri: string }): Promise<UserToken | { refused: string }>;
  person(token: string): Promise<Person>;
  /** Installations of the App with the repositories that both it and the person may see. */
  visible(token: string): Promise<VisibleInstallation[]>;
  /** Makes the token worthless. */
  end(token: string): Promise<void>;
}

/** A team by its address, `org/team-slug`. */
export interface TeamRef {
  org: string;
  slug: string;
}

/** Asked as the installation of the organisation, which needs the permission `members: read`. */
export interface Teams {
  /** Whether the person belongs to the team; somebody who was only invited does not yet. Rejects with `GitHubError`. */
  isActiveMember(installationId: number, team: TeamRef, login: string): Promise<boolean>;
}
