import type { Logger } from "pino";
import type { Clock } from "../../ports/clock.ts";
import type { TeamRef, Teams } from "../../ports/people.ts";

/** So long an answer is used. */
const FRESH_MS = 5 * 60_000;
/** After an error GitHub is not asked sooner than that. */
const AGAIN_MS = 30_000;
/** Nobody waits longer for a page; an answer that comes later is there for the next one. */
const PATIENCE_MS = 3_000;
const KNOWN_MAX = 10_000;

/** A team of the organisation that the installation is in. */
export interface AwaitedTeam {
  installationId: number;
  team: TeamRef;
}

export interface MyTeamsOptions {
  teams: Teams;
  clock: Clock;
  log: Logger;
}

interface Known {
  atMs: number;
  /** Undefined: GitHub could not say. */
  member: boolean | undefined;
}

/** Which teams people are in, asked of GitHub team by team and only for those that somebody waits for. */
export class MyTeams {
  readonly #options: MyTeamsOptions;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<void>>();

  constructor(options: MyTeamsOptions) {
    this.#options = options;
  }

  /**
   * Whether the person is in the team, as far as it is known afterwards; undefined where it is not. Never rejects.
   * @param calls how many teams GitHub may still be asked about; it is lowered by those that it was asked about.
   */
  async look(
    login: string,
    awaited: readonly AwaitedTeam[],
    calls: { left: number },
  ): Promise<(one: AwaitedTeam) => boolean | undefined> {
    const asked: Promise<void>[] = [];
    for (const one of awaited) {
      const name = nameOf(login, one);
      if (this.#fresh(name)) continue;
      let asking = this.#asking.get(name);
      if (!asking) {
        if (calls.left <= 0) continue;
        calls.left--;
        asking = this.#ask(name, login, one).finally(() => this.#asking.delete(name));
        this.#asking.set(name, asking);
      }
      asked.push(asking);
    }
    if (asked.length > 0) await soon(Promise.all(asked));
    return (one) => this.#fresh(nameOf(login, one))?.member;
  }

  #fresh(name: string): Known | undefined {
    const known = this.#known.get(name);
    const ageMs = known ? this.#options.clock.now() - known.atMs : 0;
    // A clock that was set back must not keep an answer for good.
    return known && ageMs >= 0 && ageMs < (known.member === undefined ? AGAIN_MS : FRESH_MS) ? known : undefined;
  }

  async #ask(name: string, login: string, { installationId, team }: AwaitedTeam): Promise<void> {
    const { teams, clock, log } = this.#options;
    let member: boolean | undefined;
    try {
      member = await teams.isActiveMember(installationId, team, login);
    } catch (error) {
      log.info({ err: error, installationId, team }, "a team that is waited for cannot be read");
    }
    this.#known.delete(name);
    this.#known.set(name, { atMs: clock.now(), member });
    if (this.#known.size <= KNOWN_MAX) return;
    const oldest = this.#known.keys().next().value;
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

function nameOf(login: string, { installationId, team }: AwaitedTeam): string {
  return `${installationId} ${team.org}/${team.slug} ${login}`.toLowerCase();
}

async function soon(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([work, enough]);
  clearTimeout(timer);
}
