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
  "installation-not-served": {
    status: 403,
    title: "Installed, but not served",
    next: "Add the owner to HMS_ALLOWED_OWNERS and restart the process, or uninstall the App.",
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
  "setup-token-wrong": {
    status: 403,
    title: "This is not the set-up token",
    next: "Open the address that the process printed when it started, as a whole.",
  },
  "setup-token-used": {
    status: 403,
    title: "The set-up token was used",
    next: "Go on in the browser that opened it. If that was not you, or the browser is closed, restart the process: it prints a new one.",
  },
  "setup-too-many-tries": {
    status: 429,
    title: "Too many wrong tokens",
    next: "Open the address that the process printed when it started; wrong tokens are looked at again in a minute.",
  },
  "setup-session": {
    status: 401,
    title: "This browser does not set the process up",
    next: "Open the address that the process printed when it started. It works once and for an hour; restart the process for a new one. If GitHub has just registered an App, delete it there and begin again.",
  },
  "setup-state": {
    status: 400,
    title: "GitHub's answer does not belong to this set-up",
    next: "Go back to the set-up page and begin again. If GitHub has just registered an App, delete it there first.",
  },
  "setup-organisation": {
    status: 422,
    title: "This is not the name of an organisation",
    next: "Give its login as it stands in its address on GitHub, or leave the field empty for your own account.",
  },
  "setup-name": {
    status: 422,
    title: "GitHub would not take this name",
    next: "Give the App a name of 34 characters or fewer.",
  },
  "setup-owner-not-allowed": {
    status: 403,
    title: "This owner is not served here",
    next: "Choose an owner that HMS_ALLOWED_OWNERS lists, or add this one there and restart the process.",
  },
  "setup-directory": {
    status: 503,
    title: "The credentials could not be kept",
    next: "Make HMS_DATA_DIR a directory that the process may write, then try again. Nothing was registered yet.",
  },
  "setup-github": {
    status: 502,
    title: "GitHub did not hand out the App's credentials",
    next: "Press Try again: GitHub keeps them for an hour.",
  },
  "setup-code": {
    status: 409,
    title: "GitHub has handed out these credentials before, or no more",
    next: "Delete the App that was just registered, on GitHub, and begin again.",
  },
  "setup-not-saved": {
    status: 503,
    title: "The credentials are here but could not be written",
    next: "Make HMS_DATA_DIR writable and press Try again, without restarting the process: it is the only one that has them.",
  },
  "setup-start": {
    status: 503,
    title: "The App is registered, but the process cannot start with it",
    next: "The credentials are saved. Mend what is named above and start the process again; nothing else is to be done twice.",
  },
  "setup-first": {
    status: 503,
    title: "Not set up yet",
    next: "Open the address that the process printed when it started.",
  },
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
