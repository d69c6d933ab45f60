import { GitHubError } from "../../ports/github.ts";

interface RequestErrorLike {
  status?: number;
  message?: string;
  name?: string;
  request?: { url?: string };
  response?: { headers?: Record<string, string | number | undefined>; data?: unknown };
}

/**
 * Sorts whatever Octokit or fetch threw by what can be done about it.
 * Limits: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
 */
export function toGitHubError(thrown: unknown, nowMs: number): GitHubError {
  if (thrown instanceof GitHubError) return thrown;
  const error = (thrown ?? {}) as RequestErrorLike;
  // Octokit gives a connection that broke status 500 as well; only an answer has a response.
  const status = error.response && typeof error.status === "number" ? error.status : 0;
  const headers = error.response?.headers ?? {};
  const message = `GitHub answered ${status || "nothing"}: ${summarise(error)}`;
  if (!error.response) return new GitHubError("unavailable", status, message);
  if (status === 429 || (status === 403 && isLimit(headers, error.message ?? ""))) {
    return new GitHubError("limited", status, message, retryAtMs(headers, nowMs));
  }
  if (status === 404 || status === 410) return about(error, new GitHubError("not-found", status, message));
  if (status === 401 || status === 403 || status === 451)
    return about(error, new GitHubError("forbidden", status, message));
  if (status >= 400 && status < 500) return new GitHubError("refused", status, message);
  return new GitHubError(
    "unavailable",
    status,
    message,
    header(headers, "retry-after") ? retryAtMs(headers, nowMs) : undefined,
  );
}

/** Whether GitHub refuses the installation as a whole, or names the permission that is missing. */
function about(error: RequestErrorLike, fault: GitHubError): GitHubError {
  const token = /\/app\/installations\/\d+\/access_tokens$/.test(error.request?.url ?? "");
  if ((token && fault.status !== 401) || /installation has been suspended/i.test(error.message ?? ""))
    fault.about = "installation";
  if (/not accessible by integration/i.test(error.message ?? "")) {
    const wanted = header(error.response?.headers ?? {}, "x-accepted-github-permissions");
    fault.missingPermission = wanted?.replace(/[^a-z_=;, ]/g, "").slice(0, 100) ?? "unknown";
  }
  return fault;
}

function isLimit(headers: Record<string, string | number | undefined>, message: string): boolean {
  return (
    header(headers, "retry-after") !== undefined ||
    header(headers, "x-ratelimit-remaining") === "0" ||
    /rate limit|abuse/i.test(message)
  );
}

function retryAtMs(headers: Record<string, string | number | undefined>, nowMs: number): number {
  const after = Number(header(headers, "retry-after"));
  if (Number.isFinite(after) && after > 0) return nowMs + after * 1000;
  // A moment by GitHub's clock, which need not be ours.
  const reset = Number(header(headers, "x-ratelimit-reset"));
  if (header(headers, "x-ratelimit-remaining") === "0" && Number.isFinite(reset) && reset > 0)
    return nowMs + Math.max(reset * 1000 - (Date.parse(header(headers, "date") ?? "") || nowMs), 1000);
  // "wait for at least one minute" is GitHub's word where a secondary limit names no time.
  return nowMs + 60_000;
}

function header(headers: Record<string, string | number | undefined>, name: string): string | undefined {
  const value = headers[name];
  return value === undefined ? undefined : String(value);
}

/** One line, without the request's body or headers: those carry tokens. */
function summarise(error: RequestErrorLike): string {
  const text = typeof error.message === "string" ? error.message : "no message";
  return text.split("\n")[0]?.slice(0, 300) ?? "";
}
