import type { GateState } from "../../model/verdict.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "../views/deps.ts";
import { openPulls, type PullFilter, type PullRow, placeOfRow } from "../views/pull-rows.ts";
import { seenRepositories } from "../views/repositories.ts";
import type { AwaitedTeam, MyTeams } from "./my-teams.ts";
import type { PullsForm, PullsPage } from "./pulls.ts";
import { STATE_NAMES } from "./state.ts";

const ROWS = 50;
const BATCH = 200;
/** Rows that are looked through for those that wait for somebody; beyond, the next page goes on. */
const LOOKED_AT_MAX = 2_000;
const OFFERED_REPOSITORIES_MAX = 500;

/** Teams that GitHub is asked about for one page; those beyond are not known then. */
const TEAMS_ASKED_MAX = 20;

/** The list as its address asks for it. What the address has wrong asks for nothing. */
export async function pullsPage(
  deps: ViewDeps,
  teams: MyTeams,
  viewer: Viewer,
  query: URLSearchParams,
): Promise<PullsPage> {
  const form = formOf(query);
  const after = query.get("after") ?? "";
  const [owner = "", repository = ""] = form.repository.split("/");
  const filter: PullFilter = {
    ...(owner === "" ? {} : { owner }),
    ...(repository === "" ? {} : { repository }),
    ...(form.state === "" ? {} : { state: form.state }),
    ...(form.author === "" ? {} : { author: form.author }),
    ...(form.text === "" ? {} : { text: form.text }),
  };
  const mine = form.waiting ? new Mine(viewer, teams) : undefined;
  const { rows, next } = await matching(deps, viewer, filter, mine, /#\d{1,10}$/.test(after) ? after : undefined);
  const repositories = (await seenRepositories(deps, viewer)).slice(0, OFFERED_REPOSITORIES_MAX);
  return {
    rows,
    form,
    repositories: repositories.map(({ ref }) => `${ref.owner}/${ref.name}`),
    ...(next === undefined ? {} : { next }),
    later: after !== "",
    untoldTeams: mine ? [...mine.untold].sort() : [],
    nowMs: deps.clock.now(),
  };
}

function formOf(query: URLSearchParams): PullsForm {
  const text = (name: string): string => (query.get(name) ?? "").trim().slice(0, 200);
  const state = text("state");
  return {
    text: text("text"),
    repository: text("repository"),
    state: Object.hasOwn(STATE_NAMES, state) ? (state as GateState) : "",
    author: text("author").replace(/^@/, ""),
    waiting: text("waiting") === "me",
  };
}

async function matching(
  deps: ViewDeps,
  viewer: Viewer,
  filter: PullFilter,
  mine: Mine | undefined,
  after: string | undefined,
): Promise<{ rows: PullRow[]; next?: string }> {
  const rows: PullRow[] = [];
  let from = after;
  for (let looked = 0; looked < LOOKED_AT_MAX; ) {
    const limit = mine ? BATCH : ROWS + 1;
    const batch = await openPulls(deps, viewer, { ...filter, limit, ...(from === undefined ? {} : { after: from }) });
    await mine?.read(batch);
    for (const row of batch) {
      const last = rows.at(-1);
      if (rows.length === ROWS) return { rows, ...(last ? { next: placeOfRow(last) } : {}) };
      if (!mine || mine.waitsFor(row)) rows.push(row);
    }
    const end = batch.at(-1);
    if (batch.length < limit || !end) return { rows };
    looked += batch.length;
    from = placeOfRow(end);
  }
  return { rows, ...(from === undefined ? {} : { next: from }) };
}

/** What waits for one person: by login, by a team that they are in, or because it is theirs and blocked. */
class Mine {
  readonly #login: string;
  readonly #teams: MyTeams;
  readonly #calls = { left: TEAMS_ASKED_MAX };
  #member: (one: AwaitedTeam) => boolean | undefined = () => undefined;
  /** Teams of which nobody could tell whether the person is in them, as `org/slug`. */
  readonly untold = new Set<string>();

  constructor(viewer: Viewer, teams: MyTeams) {
    this.#login = viewer.login.toLowerCase();
    this.#teams = teams;
  }

  /** Finds out about the teams that these wait for. */
  async read(rows: readonly PullRow[]): Promise<void> {
    const awaited = new Map<string, AwaitedTeam>();
    for (const row of rows) {
      if (this.#byLogin(row)) continue;
      for (const one of teamsOf(row)) awaited.set(`${one.installationId} ${one.team.slug.toLowerCase()}`, one);
    }
    this.#member = await this.#teams.look(this.#login, [...awaited.values()], this.#calls);
    for (const one of awaited.values())
      if (this.#member(one) === undefined) this.untold.add(`${one.team.org}/${one.team.slug}`);
  }

  /** What is not known is not theirs. */
  waitsFor(row: PullRow): boolean {
    return this.#byLogin(row) || teamsOf(row).some((one) => this.#member(one) === true);
  }

  #byLogin(row: PullRow): boolean {
    if (row.state === "deny" && row.author.toLowerCase() === this.#login) return true;
    return namesOf(row).some((name) => name.toLowerCase() === this.#login);
  }
}

/** The gate says `acme/sre or linus` where any of several will do. */
function namesOf({ awaited }: PullRow): string[] {
  return awaited.flatMap((one) => one.split(" or ")).map((name) => name.trim().replace(/^@/, ""));
}

/** A policy may say anything: a team is one of the organisation that the repository is of. */
function teamsOf(row: PullRow): AwaitedTeam[] {
  return namesOf(row).flatMap((name) => {
    const [, org, slug] = /^([A-Za-z0-9-]{1,100})\/([A-Za-z0-9._-]{1,100})$/.exec(name) ?? [];
    if (org === undefined || slug === undefined || org.toLowerCase() !== row.owner.toLowerCase()) return [];
    return [{ installationId: row.installationId, team: { org, slug } }];
  });
}
