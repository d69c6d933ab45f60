import { isLoopback } from "./setting-kinds.ts";

/**
 * Who signs the identity tokens of workflows of the GitHub with that API, without a slash at the end: github.com, Enterprise Cloud with data
 * residency, or an Enterprise Server. https://docs.github.com/en/enterprise-server/actions/reference/security/oidc
 */
export function oidcIssuerOf(githubApiUrl: string): string {
  const { host, hostname, protocol } = new URL(githubApiUrl);
  if (hostname === "api.github.com") return "https://token.actions.githubusercontent.com";
  const resident = /^api\.([a-z0-9-]+\.ghe\.com)$/.exec(hostname)?.[1];
  if (resident !== undefined) return `https://token.actions.${resident}`;
  // Whatever is risked for the API: keys that came in the clear would prove nothing.
  return `${isLoopback(hostname) ? protocol : "https:"}//${host}/_services/token`;
}
