/** An App as GitHub hands it out when it was registered from a manifest: the only time that the private key and the secrets are shown. */
export interface RegisteredApp {
  id: number;
  slug: string;
  /** Login of the account that owns it. */
  owner: string;
  ownerType: "User" | "Organization";
  /** The App's own page, below which it is installed. */
  htmlUrl: string;
  /** PEM. */
  privateKey: string;
  webhookSecret: string;
  clientId: string;
  clientSecret: string;
}

export interface AppRegistration {
  /**
   * Exchanges the code of a manifest, which works once and for an hour.
   * https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest
   * @throws {GitHubError} `not-found`: the code was used, has ended or never was. `unavailable`: the code may or may not be used up.
   */
  convert(code: string): Promise<RegisteredApp>;
}
