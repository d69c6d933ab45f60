import { createHash, randomBytes } from "node:crypto";
import type { Context } from "hono";
import type { Logger } from "pino";
import type { Clock } from "../../ports/clock.ts";
import { GitHubError } from "../../ports/github.ts";
import type { People } from "../../ports/people.ts";
import { answerProblem } from "../problem-page.ts";
import type { Route } from "../route.ts";
import { sameText } from "./constant-time.ts";
import type { Cookie } from "./cookies.ts";
import { localPath } from "./local-path.ts";
import type { Seal } from "./seal.ts";
import { SESSION_MAX_MS, type Session, type Sessions } from "./sessions.ts";

/** How long somebody may take at GitHub; a code from there lives as long. */
const SIGN_IN_MAX_MS = 10 * 60_000;
/** Of the three hundred that an address has: fifty people sign in at once, and fifty a minute from then on. A proxy's address is everybody's. */
const COST = 3;
/** Under which the context carries the session of who is signed in. */
export const SESSION = "session";

export interface SignInOptions {
  /** Absent: the App's client id and secret are not configured. */
  people: People | undefined;
  sessions: Sessions;
  /** The session's id. */
  session: Cookie;
  /** A sign-in under way, which belongs to the browser that began it. */
  underWay: Cookie;
  seal: Seal;
  publicUrl: string;
  clock: Clock;
  log: Logger;
  /** A session ended here and now. */
  ended(hash: string): void;
}

interface UnderWay {
  state: string;
  verifier: string;
  to: string;
  untilMs: number;
}

const PURPOSE = "sign-in under way";

/** Signing in with GitHub and out again. */
export function signInRoutes(options: SignInOptions): Route[] {
  const { publicUrl, people, sessions, session, log } = options;
  const redirectUri = `${publicUrl}/sign-in/callback`;
  const used = new Used(options.clock);
  const notConfigured = (context: Context) =>
    answerProblem(
      context,
      "sign-in-not-configured",
      `The operator sets GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, which stand on the App's settings page at GitHub, and enters ${redirectUri} there as the callback URL.`,
    );
  return [
    {
      method: "GET",
      path: "/sign-in",
      access: "public",
      summary: "Leads to GitHub to sign in, and from there back to `to`.",
      cost: COST,
      handler(context) {
        if (!people) return notConfigured(context);
        const to = localPath(context.req.query("to") ?? "/");
        if (to === undefined) return answerProblem(context, "foreign-destination");
        const state = randomBytes(32).toString("base64url");
        const verifier = randomBytes(32).toString("base64url");
        const untilMs = options.clock.now() + SIGN_IN_MAX_MS;
        const underWay: UnderWay = { state, verifier, to, untilMs };
        options.underWay.set(context, options.seal.close(JSON.stringify(underWay), PURPOSE), SIGN_IN_MAX_MS / 1000);
        const challenge = createHash("sha256").update(verifier).digest("base64url");
        context.header("cache-control", "no-store");
        return context.redirect(people.authorizeUrl({ redirectUri, state, challenge }), 303);
      },
    },
    {
      method: "GET",
      path: "/sign-in/callback",
      access: "public",
      summary: "Where GitHub sends somebody back to who signed in.",
      cost: COST,
      async handler(context) {
        if (!people) return notConfigured(context);
        const underWay = readUnderWay(options, context);
        options.underWay.clear(context);
        const { state, code, error } = context.req.query();
        if (!underWay || !state || !sameText(state, underWay.state) || !used.first(state))
          return answerProblem(context, "sign-in-state");
        if (error !== undefined || !code || code.length > 200)
          return answerProblem(context, "sign-in-refused", `GitHub says ${word(error)}.`);
        try {
          const token = await people.exchange({ code, verifier: underWay.verifier, redirectUri });
          if ("refused" in token)
            return answerProblem(context, "sign-in-refused", `GitHub says ${word(token.refused)}.`);
          const person = await people.person(token.token);
          // Whoever signs in anew does not leave an open session behind.
          const before = await sessions.find(session.get(context) ?? "");
          if (before) await sessions.end(before.hash);
          const id = await sessions.create(person, token);
          session.set(context, id, SESSION_MAX_MS / 1000);
          log.info({ login: person.login }, "signed in");
        } catch (thrown) {
          if (!(thrown instanceof GitHubError)) throw thrown;
          log.warn({ err: thrown }, "GitHub did not complete a sign-in");
          return answerProblem(context, "github-unavailable");
        }
        return context.redirect(underWay.to, 303);
      },
    },
    {
      method: "POST",
      path: "/sign-out",
      access: "reader",
      summary: "Ends the session, here and at GitHub.",
      async handler(context) {
        const own = context.get(SESSION) as Session | undefined;
        if (own) {
          await sessions.end(own.hash);
          options.ended(own.hash);
          const token = own.token();
          // The session is over whatever GitHub says to that; the token ends by itself within hours.
          if (token !== undefined)
            people?.end(token).catch((error: unknown) => log.warn({ err: error }, "a user token was not ended"));
        }
        session.clear(context);
        return context.redirect("/", 303);
      },
    },
  ];
}

function readUnderWay({ underWay, seal, clock }: SignInOptions, context: Context): UnderWay | undefined {
  const text = seal.open(underWay.get(context) ?? "", PURPOSE);
  const read = text === undefined ? undefined : (JSON.parse(text) as UnderWay);
  return read && clock.now() < read.untilMs ? read : undefined;
}

/** GitHub's word for what is wrong, as long as it is one. */
function word(error: string | undefined): string {
  return error !== undefined && /^[a-z_]{1,60}$/.test(error) ? error : "nothing that can be read";
}

/** States that came back, each once, for as long as their cookie could be used. GitHub's codes work once anyway. */
class Used {
  readonly #clock: Clock;
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  first(state: string): boolean {
    const nowMs = this.#clock.now();
    for (const [known, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) break;
      this.#untilMs.delete(known);
    }
    if (this.#untilMs.has(state)) return false;
    this.#untilMs.set(state, nowMs + SIGN_IN_MAX_MS);
    return true;
  }
}
