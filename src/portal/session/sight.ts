import type { Logger } from "pino";
import type { Clock } from "../../ports/clock.ts";
import { GitHubError } from "../../ports/github.ts";
import type { People, Teams, VisibleInstallation } from "../../ports/people.ts";
import type { Viewer } from "../viewer.ts";
import { type Roles, type RoleTeams, rolesOf } from "./grants.ts";
import type { Session } from "./sessions.ts";

/** After that long GitHub is asked again what somebody may see. */
const FRESH_MS = 5 * 60_000;
/** So long what is known is used while GitHub cannot say; then nothing is seen. */
const KNOWN_MS = 15 * 60_000;
/** However often somebody is refused, GitHub is not asked sooner than that. */
const AGAIN_MS = 10_000;
const SESSIONS_MAX = 10_000;

export interface SightOptions {
  people: People;
  teams: Teams;
  roleTeams: RoleTeams;
  /** Lower-case logins; empty: all owners. */
  allowedOwners: readonly string[];
  clock: Clock;
  log: Logger;
}

/** What was read at one moment. */
interface Read<T> {
  atMs: number;
  value: T;
}

interface Known {
  login: string;
  triedAtMs: number;
  visible?: Read<VisibleInstallation[]>;
  roles?: Read<Roles>;
  reading?: Promise<"ended" | undefined>;
}

/** What each person who is signed in sees and may do, as GitHub says it. It is never wider than what GitHub last said, and not older than 15 minutes. */
export class Sight {
  readonly #options: SightOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: SightOptions) {
    this.#options = options;
  }

  /** `ended`: GitHub does not take the person's token any more. */
  async viewer(session: Session): Promise<Viewer | "ended"> {
    const known = this.#of(session);
    const nowMs = this.#options.clock.now();
    const { visible, roles } = known;
    const fresh = visible && roles && nowMs - Math.min(visible.atMs, roles.atMs) < FRESH_MS;
    // While GitHub cannot say, not everybody who comes along waits for it.
    if (!fresh && nowMs - known.triedAtMs >= AGAIN_MS && (await this.#read(session, known)) === "ended") return "ended";
    return this.#viewerOf(session, known);
  }

  forget(hash: string): void {
    this.#known.delete(hash);
  }

  #of({ hash, person }: Session): Known {
    const known = this.#known.get(hash) ?? { login: person.login, triedAtMs: Number.NEGATIVE_INFINITY };
    this.#known.delete(hash);
    this.#known.set(hash, known);
    if (this.#known.size > SESSIONS_MAX) {
      const longest = this.#known.keys().next().value;
      if (longest !== undefined) this.#known.delete(longest);
    }
    return known;
  }

  #viewerOf(session: Session, known: Known): Viewer {
    const nowMs = this.#options.clock.now();
    const usable = <T>(read: Read<T> | undefined): T | undefined =>
      read && nowMs - read.atMs < KNOWN_MS ? read.value : undefined;
    const seen = new Map((usable(known.visible) ?? []).map(({ id, repositoryIds }) => [id, new Set(repositoryIds)]));
    const roles = usable(known.roles) ?? new Map();
    return {
      kind: "person",
      login: known.login,
      sees: (installationId, repositoryId) => seen.get(installationId)?.has(repositoryId) ?? false,
      has(role, owner) {
        if (role === "reader") return true;
        if (owner !== undefined) return roles.get(owner.toLowerCase())?.has(role) ?? false;
        return [...roles.values()].some((held) => held.has(role));
      },
      renewed: async () => {
        if (this.#options.clock.now() - known.triedAtMs < AGAIN_MS) return undefined;
        return (await this.#read(session, known)) === "ended" ? undefined : this.#viewerOf(session, known);
      },
    };
  }

  /** One question at a time for each session. */
  #read(session: Session, known: Known): Promise<"ended" | undefined> {
    known.reading ??= this.#ask(session, known).finally(() => {
      delete known.reading;
    });
    return known.reading;
  }

  async #ask(session: Session, known: Known): Promise<"ended" | undefined> {
    const { people, clock, log, allowedOwners } = this.#options;
    known.triedAtMs = clock.now();
    const token = session.token();
    if (token === undefined) return "ended";
    try {
      const person = await people.person(token);
      if (person.id !== session.person.id) return "ended";
      known.login = person.login;
      const atMs = clock.now();
      const all = await people.visible(token);
      const served = (owner: string): boolean =>
        allowedOwners.length === 0 || allowedOwners.includes(owner.toLowerCase());
      known.visible = { atMs, value: all.filter(({ owner }) => served(owner)) };
      known.roles = { atMs: clock.now(), value: await this.#roles(known.login, known.visible.value) };
      return undefined;
    } catch (error) {
      if (error instanceof GitHubError && error.status === 401) return "ended";
      log.warn({ err: error }, "GitHub could not say what somebody may see");
      return undefined;
    }
  }

  #roles(login: string, visible: readonly VisibleInstallation[]): Promise<Roles> {
    const { teams, roleTeams, log } = this.#options;
    return rolesOf(roleTeams, visible, async (installationId, team) => {
      try {
        return await teams.isActiveMember(installationId, team, login);
      } catch (error) {
        if (!(error instanceof GitHubError) || error.fault !== "forbidden") throw error;
        log.warn({ err: error, installationId, team }, "a team cannot be read, so that it gives no role");
        return false;
      }
    });
  }
}
