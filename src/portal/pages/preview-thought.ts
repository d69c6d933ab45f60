import { html } from "hono/html";
import { z } from "zod";
import type { LedgerEntry } from "../../ports/ledger.ts";
import type { Html } from "./markup.ts";
import { table } from "./table.ts";
import { moment, rawJson, said } from "./text.ts";

/** As some release wrote it: what is missing is not shown. */
const thought = z.object({
  chosen: z.array(z.string()),
  why: z.string().default(""),
  options: z
    .array(
      z.object({
        cluster: z.string(),
        unfit: z.string().optional(),
        facts: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .default([]),
  scores: z.record(z.string(), z.object({ total: z.number() })).default({}),
});

/** Why a preview is where it is; nothing where no such decision was written down. */
export function placement(entry: LedgerEntry | undefined): Html {
  const { success, data } = thought.safeParse(entry?.data);
  if (!entry || !success) return html``;
  const { chosen, why, options, scores } = data;
  return html`<div data-key="placement">${table({
    heading: html`<h2>Placement</h2>`,
    caption: "Clusters that it could have been placed on",
    columns: [{ name: "Cluster" }, { name: "What was known", kind: "text" }, { name: "Score", kind: "state" }],
    rows: options.map(({ cluster, unfit, facts }) => [
      html`<strong>${said(cluster, 100)}</strong>${chosen.includes(cluster) ? html` <span class="tag">Chosen</span>` : ""}`,
      html`${Object.entries(facts).map(([name, value], at) => html`${at > 0 ? ", " : ""}${FACTS[name] ?? said(name, 40)} ${said(String(value), 60)}`)}`,
      unfit === undefined
        ? html`${scores[cluster]?.total ?? "Named"}`
        : html`<span class="muted">${said(unfit, 120)}</span>`,
    ]),
  })}
<p class="small">Placed on ${said(chosen.join(", "), 200)}: ${said(why, 200)}. <span class="muted">${moment(entry.atMs)} · entry ${entry.sequence}</span></p>
${rawJson("The whole thought", entry.data)}</div>`;
}

const FACTS: Record<string, string> = {
  provider: "provider",
  region: "region",
  costPerHour: "cost an hour",
  latencyMs: "latency in ms",
  load: "other previews",
  capacity: "room for",
};
