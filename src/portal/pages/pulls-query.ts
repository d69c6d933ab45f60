import type { GateState } from "../../model/verdict.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "../views/deps.ts";
import { openPulls, type PullFilter, type PullRow, placeOfRow } from "../views/pull-rows.ts";
import { seenRepositories } from "../views/repositories.ts";
import type { PullsForm, PullsPage } from "./pulls.ts";
import { STATE_NAMES } from "./state.ts";

const ROWS = 50;
const BATCH = 200;
/** Rows that are looked through for those that wait for somebody; beyond, the next page goes on. */
const LOOKED_AT_MAX = 2_000;
const OFFERED_REPOSITORIES_MAX = 500;

/** The list as its address asks for it. What the address has wrong asks for nothing. */
export async function pullsPage(deps: ViewDeps, viewer: Viewer, query: URLSearchParams): Promise<PullsPage> {
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
  const { rows, next } = await matching(
    deps,
    viewer,
    filter,
    form.waiting,
    /#\d{1,10}$/.test(after) ? after : undefined,
  );
  const repositories = (await seenRepositories(deps, viewer)).slice(0, OFFERED_REPOSITORIES_MAX);
  return {
    rows,
    form,
    repositories: repositories.map(({ ref }) => `${ref.owner}/${ref.name}`),
    ...(next === undefined ? {} : { next }),
    later: after !== "",
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
  waiting: boolean,
  after: string | undefined,
): Promise<{ rows: PullRow[]; next?: string }> {
  const rows: PullRow[] = [];
  let from = after;
  for (let looked = 0; looked < LOOKED_AT_MAX; ) {
    const limit = waiting ? BATCH : ROWS + 1;
    const batch = await openPulls(deps, viewer, { ...filter, limit, ...(from === undefined ? {} : { after: from }) });
    for (const row of batch) {
      const last = rows.at(-1);
      if (rows.length === ROWS) return { rows, ...(last ? { next: placeOfRow(last) } : {}) };
      if (!waiting || waitsFor(viewer, row)) rows.push(row);
    }
    const end = batch.at(-1);
    if (batch.length < limit || !end) return { rows };
    looked += batch.length;
    from = placeOfRow(end);
  }
  return { rows, ...(from === undefined ? {} : { next: from }) };
}

/** Whether a pull request waits for this person: by login, or because it is theirs and blocked. */
export function waitsFor(viewer: Viewer, row: PullRow): boolean {
  const me = viewer.login.toLowerCase();
  if (row.state === "deny" && row.author.toLowerCase() === me) return true;
  return row.awaited.some((one) => one.replace(/^@/, "").toLowerCase() === me);
}
