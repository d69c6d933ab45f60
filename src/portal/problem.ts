/**
 * Why a request was not answered, as RFC 9457 wants it told, with a code that does not change and what to do next. `docs/errors.md` has a
 * section for each code.
 */
export interface ProblemKind {
  status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 502 | 503;
  title: string;
  /** What to do, in the imperative. */
  next: string;
}

export const PROBLEMS = {
  "foreign-origin": {
    status: 403,
    title: "Not from a page of ours",
    next: "Do it on the portal's own page, reached by the address in HMS_PUBLIC_URL.",
  },
  "internal-error": { status: 500, title: "Internal error", next: "Try again; if it stays, look at the log." },
  "method-not-allowed": {
    status: 405,
    title: "Method not allowed",
    next: "Use one of the methods that the Allow header names.",
  },
  "not-allowed": {
    status: 403,
    title: "Not allowed",
    next: "Ask an administrator of HMS-SYS for the role that the page names.",
  },
  "not-found": {
    status: 404,
    title: "Not found",
    next: "Check the address, and that you may see the repository on GitHub.",
  },
  "not-signed-in": { status: 401, title: "Not signed in", next: "Sign in with GitHub, or send the operator token." },
  "too-large": { status: 413, title: "Too large", next: "Send less." },
  "too-many-requests": {
    status: 429,
    title: "Too many requests",
    next: "Wait as long as the Retry-After header says.",
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** https://www.rfc-editor.org/rfc/rfc9457 — `type` leads to the code's section of the documentation. */
export function problem(code: ProblemCode, detail?: string, headers: Record<string, string> = {}): Response {
  const { status, title, next }: ProblemKind = PROBLEMS[code];
  const type = `https://github.com/hms-sys/hms-sys/blob/main/docs/errors.md#${code}`;
  const body = { type, title, status, code, ...(detail === undefined ? {} : { detail }), next };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
  });
}
