import type { Context } from "hono";
import type { Logger } from "pino";
import type { Settings } from "../../config/settings.ts";
import type { Clock } from "../../ports/clock.ts";
import type { GitHub } from "../../ports/github.ts";
import type { People } from "../../ports/people.ts";
import type { Records } from "../../ports/records.ts";
import type { Authenticate } from "../route.ts";
import type { Viewer } from "../viewer.ts";
import { Cookie } from "./cookies.ts";
import { knownInstallations } from "./known-installations.ts";
import { operatorToken } from "./operator-token.ts";
import { Seal } from "./seal.ts";
import { type Session, Sessions } from "./sessions.ts";
import { Sight } from "./sight.ts";
import { SESSION, type SignInOptions } from "./sign-in.ts";

export interface AccessParts {
  settings: Pick<Settings, "app" | "publicUrl" | "allowedOwners" | "operatorToken" | "roleTeams">;
  /** Absent: nobody can sign in. */
  people: People | undefined;
  github: Pick<GitHub, "installations" | "teams">;
  records: Records;
  clock: Clock;
  log: Logger;
}

/** Who is who: what authenticates requests, what the routes of signing in and out are made of, and what clears up after sessions. */
export interface Access {
  authenticate: Authenticate;
  signIn: SignInOptions;
  prune(): Promise<void>;
}

export function createAccess({ settings, people, github, records, clock, log }: AccessParts): Access {
  const { publicUrl, allowedOwners } = settings;
  const sessions = new Sessions(records, clock, settings.app.privateKey);
  const session = new Cookie("hms-session", publicUrl);
  const sight =
    people && new Sight({ people, teams: github.teams, roleTeams: settings.roleTeams, allowedOwners, clock, log });
  const byToken = operatorToken({
    token: settings.operatorToken,
    allowedOwners,
    installations: knownInstallations(github, clock),
  });

  const viewerOf = async (id: string, found: Session | undefined): Promise<Viewer | undefined> => {
    if (!found || !sight) return undefined;
    const viewer = await sight.viewer(found);
    if (viewer === "ended") {
      await sessions.end(found.hash);
      sight.forget(found.hash);
      return undefined;
    }
    return lasting(viewer, async () => viewerOf(id, await sessions.look(id)));
  };

  const bySession = async (context: Context) => {
    const id = session.get(context);
    const found = id && sight ? await sessions.find(id) : undefined;
    const viewer = id && found ? await viewerOf(id, found) : undefined;
    if (viewer) context.set(SESSION, found);
    return viewer;
  };

  const byAuthorization = async (authorization: string): Promise<Viewer | undefined> => {
    const viewer = await byToken(authorization);
    return viewer && lasting(viewer, () => byToken(authorization));
  };

  return {
    async authenticate(context) {
      const authorization = context.req.header("authorization");
      // Whoever brings a token is judged by it alone, and pages take none.
      if (authorization !== undefined && context.req.path.startsWith("/api/")) return byAuthorization(authorization);
      return bySession(context);
    },
    signIn: {
      people,
      sessions,
      session,
      underWay: new Cookie("hms-sign-in", publicUrl),
      seal: new Seal(settings.app.privateKey, "sign-in"),
      publicUrl,
      clock,
      log,
      ended: (hash) => sight?.forget(hash),
    },
    prune: () => sessions.prune(),
  };
}

/** The viewer with an answer to whether they are still there, also after they were looked at anew. */
function lasting(viewer: Viewer, still: () => Promise<Viewer | undefined>): Viewer {
  const { renewed } = viewer;
  if (!renewed) return { ...viewer, still };
  return {
    ...viewer,
    still,
    renewed: async () => {
      const again = await renewed();
      return again && lasting(again, still);
    },
  };
}
