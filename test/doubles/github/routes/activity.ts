import { type Activity, activityTypes } from "../activity.ts";
import { validationFailed } from "../http/errors.ts";
import { ok, type RepositoryCall, type Router } from "../http/router.ts";
import { accountShape } from "../shapes/account.ts";
import { nodeId, timestamp } from "../shapes/schema.ts";

const DAY_MS = 24 * 3_600_000;
const PERIODS: Record<string, number> = { day: 1, week: 7, month: 30, quarter: 90, year: 365 };

/** https://docs.github.com/rest/repos/repos#list-repository-activities: pages by cursor, newest first unless asked. */
export function activityRoutes(router: Router): void {
  router.repo("GET /activity", { needs: ["contents:read"] }, (call) => {
    const chosen = filtered(call);
    if (call.query.get("direction") !== "asc") chosen.reverse();
    const perPage = Math.min(Number(call.query.get("per_page") ?? 30) || 30, 100);
    const cursor = call.query.get("after");
    const start = cursor === null ? 0 : chosen.findIndex((one) => String(one.id) === cursor) + 1;
    const page = chosen.slice(start, start + perPage);
    const last = page.at(-1);
    const more = last !== undefined && start + perPage < chosen.length;
    const query = new URLSearchParams(call.query);
    if (more) query.set("after", String(last.id));
    const next = `<${call.site.url}/repositories/${call.repository.id}/activity?${query}>; rel="next"`;
    return { ...ok(page.map((one) => shape(call, one))), ...(more ? { headers: { link: next } } : {}) };
  });
}

function filtered({ query, repository, site }: RepositoryCall): Activity[] {
  const ref = query.get("ref");
  const full = ref === null || ref.startsWith("refs/") ? ref : `refs/heads/${ref}`;
  const actor = query.get("actor")?.toLowerCase();
  const type = query.get("activity_type");
  const period = query.get("time_period");
  if (type !== null && !(activityTypes as readonly string[]).includes(type)) throw validationFailed("activity_type");
  const days = period === null ? undefined : PERIODS[period];
  if (period !== null && days === undefined) throw validationFailed("time_period");
  const since = days === undefined ? 0 : site.now().getTime() - days * DAY_MS;
  return repository.activities.filter(
    (one) =>
      (full === null || one.ref === full) &&
      (actor === undefined || one.actor.login.toLowerCase() === actor) &&
      (type === null || one.type === type) &&
      one.at.getTime() >= since,
  );
}

function shape({ site }: RepositoryCall, { id, before, after, ref, at, type, actor }: Activity) {
  return {
    id,
    node_id: nodeId("PSH", id),
    before,
    after,
    ref,
    timestamp: timestamp(at),
    activity_type: type,
    actor: accountShape(site.url, actor),
  };
}
