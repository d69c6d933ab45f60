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
  "body-refused": {
    status: 422,
    title: "Body refused",
    next: "Send what the description at /api/v1/openapi.json shows for this operation.",
  },
  "bundle-refused": {
    status: 422,
    title: "Policy bundle refused",
    next: "Send a compiled OPA bundle: `opa build -t wasm -e hms/decision`, as docs/policies.md shows.",
  },
  "checker-undecided": {
    status: 503,
    title: "The checker could not decide",
    next: "Try again; if it stays, see what the checker says in `hms doctor`.",
  },
  "cursor-refused": {
    status: 400,
    title: "Cursor refused",
    next: "Take `next` of the page before as it is, or begin without a cursor.",
  },
  "facts-broken": {
    status: 409,
    title: "The stored facts are not the ones that were judged",
    next: "Do not rely on them; verify the ledger's stream and look who may write to the database.",
  },
  "facts-erased": {
    status: 409,
    title: "The facts were erased",
    next: "Nothing brings them back: retention took them. The decision's outcome and rules are still in the ledger.",
  },
  "foreign-destination": {
    status: 400,
    title: "Not an address of this portal",
    next: "Sign in from the portal's own pages: they lead back to where you were, and nowhere else.",
  },
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
  "github-unavailable": {
    status: 502,
    title: "GitHub could not be asked",
    next: "Try again in a minute; githubstatus.com says whether GitHub is down.",
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
  "scan-busy": {
    status: 503,
    title: "The report cannot be taken right now",
    next: "Send it again after as many seconds as the Retry-After header says.",
  },
  "scan-claims": {
    status: 403,
    title: "This token may not report this scan",
    next: "Let the workflow that HMS-SYS started report, in its first attempt; `/hms scan` starts another.",
  },
  "scan-over": {
    status: 409,
    title: "The scan is over",
    next: "Start another one with `/hms scan` in a comment on the pull request.",
  },
  "scan-report-malformed": {
    status: 400,
    title: "Not a request that reports a scan",
    next: "Let `actions/scan` send it, or see docs/scans.md for the headers and the body.",
  },
  "scan-report-refused": {
    status: 400,
    title: "Report refused",
    next: "Mend what the detail names in the tool or the workflow, then start another scan with `/hms scan`.",
  },
  "scan-reported": {
    status: 409,
    title: "Another report of this scan was taken",
    next: "Nothing is to be done. A new report takes a new scan: `/hms scan`.",
  },
  "scan-token": {
    status: 401,
    title: "The token does not count",
    next: "Give the job `id-token: write` and ask GitHub for a token whose audience is HMS_PUBLIC_URL.",
  },
  "scan-unknown": {
    status: 404,
    title: "There is no such scan",
    next: "Take the scan's id from the inputs with which HMS-SYS started the workflow.",
  },
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
    next: "Make HMS_DATA_DIR a directory that the process may write, then try again: nothing is lost so far.",
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
  "parameter-refused": {
    status: 400,
    title: "Parameter refused",
    next: "Use the parameters that /api/v1/openapi.json lists for this operation.",
  },
  "patch-refused": {
    status: 422,
    title: "Edited facts refused",
    next: "Edit only facts that the decision has, each with a value of its kind.",
  },
  "sign-in-not-configured": {
    status: 503,
    title: "Signing in is not configured",
    next: "Ask the operator to configure signing in with GitHub, as docs/configuration.md says.",
  },
  "sign-in-refused": {
    status: 403,
    title: "GitHub did not sign you in",
    next: "Start again at /sign-in; if it stays, the operator compares client secret and callback URL with the App's settings at GitHub.",
  },
  "sign-in-state": {
    status: 400,
    title: "This sign-in was not begun here, or too long ago",
    next: "Start again at /sign-in, in one tab, with cookies allowed.",
  },
  "sonarqube-payload": {
    status: 400,
    title: "Not what SonarQube sends when it has analysed something",
    next: "Let SonarQube's own webhook send it (docs/scans.md).",
  },
  "sonarqube-secret": {
    status: 503,
    title: "The webhook's secret is not to be had",
    next: "Mend what webhook_secret of the file in HMS_SONARQUBE refers to; meanwhile SonarQube is asked once a minute.",
  },
  "sonarqube-signature": {
    status: 401,
    title: "Not signed with the webhook's secret",
    next: "Give SonarQube's webhook the secret that webhook_secret of the file in HMS_SONARQUBE refers to.",
  },
  "too-large": { status: 413, title: "Too large", next: "Send less." },
  "too-many-requests": {
    status: 429,
    title: "Too many requests",
    next: "Wait as long as the Retry-After header says.",
  },
  "too-many-streams": {
    status: 429,
    title: "Too many open streams",
    next: "Close one of your event streams, or wait until one ends.",
  },
  "unsupported-media-type": {
    status: 415,
    title: "Unsupported media type",
    next: "Send one of the media types that the detail names, in the Content-Type header.",
  },
  "what-if-busy": {
    status: 429,
    title: "A what-if question is being answered",
    next: "Wait until it is: one at a time for each of you, two in all.",
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Where a code is explained. */
export function documentationOf(code: ProblemCode): string {
  return `https://github.com/hms-sys/hms-sys/blob/main/docs/errors.md#${code}`;
}

/** https://www.rfc-editor.org/rfc/rfc9457 — `type` leads to the code's section of the documentation. */
export function problem(code: ProblemCode, detail?: string, headers: Record<string, string> = {}): Response {
  const { status, title, next }: ProblemKind = PROBLEMS[code];
  const body = { type: documentationOf(code), title, status, code, ...(detail === undefined ? {} : { detail }), next };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
  });
}
