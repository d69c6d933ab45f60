import { html } from "hono/html";
import type {
  InstallationRow,
  InstallationsView,
  LimitsLeft,
  MissingRepository,
  OperatedInstallation,
} from "../views/installations.ts";
import { type IconName, icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { table } from "./table.ts";
import { ago, moment, said } from "./text.ts";

type Status = OperatedInstallation["status"];
interface Operated extends InstallationRow {
  operated: OperatedInstallation;
}

/** Worst first, as people look for it: its name, its shape and its colour, any one of which is enough, and what it means. */
const STATUSES: Record<Status, { name: string; icon: IconName; state: string; means: string }> = {
  suspended: {
    name: "Suspended",
    icon: "deny",
    state: "deny",
    means:
      "Its owner or GitHub suspended the App: nothing is read or written there, and a required gate stays as it is.",
  },
  quarantined: {
    name: "Quarantined",
    icon: "deny",
    state: "deny",
    means: "Its owner is none of HMS_ALLOWED_OWNERS: nothing is read or written there.",
  },
  "permissions-lacking": {
    name: "Permission missing",
    icon: "warning",
    state: "waiting-on-people",
    means: "It goes on as far as it can; what fails is tried again once the permission is granted.",
  },
  "not-looked-at": { name: "Not looked at yet", icon: "unknown", state: "unknown", means: "" },
  active: { name: "Active", icon: "allow", state: "allow", means: "Nothing." },
  uninstalled: {
    name: "Uninstalled",
    icon: "draft",
    state: "",
    means: "The App was removed there. Records and ledger stay; installed again it begins anew.",
  },
};

const MISSING: Record<MissingRepository["status"], { name: string; icon: IconName; state: string; means: string }> = {
  unlisted: {
    name: "Not listed",
    icon: "unknown",
    state: "unknown",
    means: "GitHub lists it no more. Why is proven by a second look, a minute after the first.",
  },
  removed: {
    name: "Taken out",
    icon: "warning",
    state: "waiting-on-people",
    means: "It is there, but not among the App's repositories. Add it in the App's settings to gate it again.",
  },
  transferred: {
    name: "Transferred",
    icon: "outside",
    state: "waiting-on-machines",
    means: "It has another owner, under whom it begins anew if the App is installed and allowed there.",
  },
  deleted: { name: "Deleted", icon: "deny", state: "", means: "Its ledger stays." },
};

/** What has become of the installations whose owners somebody operates. */
export function installationsBody({ rows, githubAwayUntilMs }: InstallationsView, nowMs: number): Html {
  const order = Object.keys(STATUSES);
  const operated = rows
    .flatMap((row): Operated[] => (row.operated ? [{ ...row, operated: row.operated }] : []))
    .sort((a, b) => order.indexOf(a.operated.status) - order.indexOf(b.operated.status) || a.id - b.id);
  const missing = operated.flatMap((row) => row.operated.missing);
  return html`<div class="heading"><h1>Installations</h1><p class="muted small">As of ${moment(nowMs)} · <a href="/installations">Reload</a></p></div>
${githubAwayUntilMs === undefined ? "" : away(githubAwayUntilMs)}
${
  operated.length === 0
    ? html`<div class="empty"><h2>No installation yet</h2><p>Organisations show here once the App is installed there, for those who operate it.</p></div>`
    : table({
        caption: "What has become of each, worst first",
        columns: [
          { name: "Owner", kind: "moment" },
          { name: "State", kind: "state" },
          { name: "What to do" },
          { name: "Limits", kind: "text" },
          { name: "Since", kind: "time" },
        ],
        rows: operated.map((row) => [
          html`<strong>${row.owner === "" ? "Not known" : said(row.owner, 100)}</strong><div class="byline">installation ${row.id}</div>`,
          badge(STATUSES[row.operated.status]),
          meaning(row, nowMs),
          limits(row.operated.limits),
          row.operated.sinceMs === undefined ? html`` : ago(row.operated.sinceMs, nowMs),
        ]),
      })
}
${missing.length === 0 ? "" : missingRepositories(missing, nowMs)}`;
}

function away(untilMs: number): Html {
  return html`<div class="notice bad">${icon("warning")}<p><strong>GitHub does not answer.</strong> Nothing is lost: all work waits, and GitHub is asked again at ${moment(untilMs)}.</p></div>`;
}

function badge({ name, icon: shape, state }: { name: string; icon: IconName; state: string }): Html {
  return html`<span class="state ${state}">${icon(shape)}${name}</span>`;
}

function meaning({ operated, repositories }: Operated, nowMs: number): Html {
  const { status, lacking, next, pausedUntilMs } = operated;
  const { means } = STATUSES[status];
  const gates = status === "active" || status === "permissions-lacking" || status === "not-looked-at";
  return html`${
    lacking.length === 0
      ? ""
      : html`<div>Missing: ${lacking.map((one, at) => html`${at > 0 ? ", " : ""}<code>${said(one, 80)}</code>`)}</div>`
  }${means === "" ? "" : html`<div>${means}</div>`}${next === undefined ? "" : html`<div><strong>${next}</strong></div>`}${
    pausedUntilMs === undefined || pausedUntilMs <= nowMs
      ? ""
      : html`<div class="muted">Paused until ${moment(pausedUntilMs)}, or until it is found active again</div>`
  }${gates ? html`<div class="byline">${repositories === 1 ? "1 repository" : `${repositories} repositories`} that you see</div>` : ""}`;
}

function limits(left: LimitsLeft | undefined): Html {
  if (!left) return html`<span class="muted">Not called since the start</span>`;
  const { points, concurrent, quota, closedUntilMs } = left;
  // Points are counted only where GitHub.com's limits are kept.
  const busy = [
    ...(points > 0 ? [`${points} points in the last minute`] : []),
    ...(concurrent > 0 ? [`${concurrent} under way`] : []),
  ];
  return html`${closedUntilMs === undefined ? "" : html`<div><strong>GitHub asked to wait until ${moment(closedUntilMs)}</strong></div>`}${
    quota
      ? html`<div>${quota.remaining} of ${quota.limit} calls left</div><div class="byline">full again ${moment(quota.resetAtMs)}</div>`
      : html`<div>Calls left: not told this hour</div>`
  }${busy.length === 0 ? "" : html`<div class="byline">${busy.join(", ")}</div>`}`;
}

function missingRepositories(missing: readonly MissingRepository[], nowMs: number): Html {
  return table({
    heading: html`<h2>Repositories that are listed no more <span class="muted">${missing.length}</span></h2>`,
    caption: "Repositories that their installations list no more",
    columns: [
      { name: "Repository", kind: "text" },
      { name: "State", kind: "state" },
      { name: "What to do" },
      { name: "Since", kind: "time" },
    ],
    rows: missing
      .slice(0, 500)
      .map(({ name, status, sinceMs }) => [
        said(name, 200),
        badge(MISSING[status]),
        html`${MISSING[status].means}`,
        ago(sinceMs, nowMs),
      ]),
  });
}
