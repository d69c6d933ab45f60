/**
 * Where people find the GitHub whose REST API lies at `apiUrl`, without a slash at the end: github.com, `SUBDOMAIN.ghe.com` (Enterprise Cloud
 * with data residency) or the host of an Enterprise Server. Anything else is taken to serve both at one origin.
 * https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api
 */
export function githubWebUrl(apiUrl: string): string {
  const url = new URL(apiUrl);
  if (url.host === "api.github.com") return "https://github.com";
  if (/^api\.[a-z0-9-]+\.ghe\.com$/.test(url.hostname)) return `${url.protocol}//${url.host.slice("api.".length)}`;
  return url.origin;
}
