import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type Bench, type Row, table } from "./row.ts";

/** In the order in which they run; each is loaded only when it does. */
const BENCHES: Record<string, () => Promise<Bench>> = {
  calls: async () => (await import("./calls.ts")).calls,
  decisions: async () => (await import("./decisions.ts")).decisions,
  acceptances: async () => (await import("./acceptances.ts")).acceptances,
  resync: async () => (await import("./resync.ts")).resync,
  sarif: async () => (await import("./sarif.ts")).sarif,
  previews: async () => (await import("./previews.ts")).previews,
  latency: async () => (await import("./latency.ts")).latency,
};

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, json: { type: "boolean", default: false } },
});
const names = values.only ?? Object.keys(BENCHES);
const rows: Row[] = [];
const note = (text: string) => values.json || process.stderr.write(`${text}\n`);
const load = () => `load average ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores`;
note(`${load()}; above a tenth of the cores, other programs are in the figures`);
for (const name of names) {
  const load = BENCHES[name];
  if (!load) throw new Error(`no bench is called ${name}; there are ${Object.keys(BENCHES).join(", ")}`);
  note(`running ${name} …`);
  rows.push(...(await (await load())()));
}
process.stdout.write(values.json ? rows.map((row) => `${JSON.stringify(row)}\n`).join("") : `${table(rows)}\n`);
// Goals are shown, not enforced: a busy machine must not make a build red. What breaks throws.
process.exit(0);
