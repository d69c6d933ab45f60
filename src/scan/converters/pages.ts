import * as z from "zod";
import type { Severity } from "../../model/finding.ts";
import { pageOf, plain } from "../sarif/words.ts";
import { type ConvertedReading, converted, type Found, withoutTags } from "./reading.ts";

const text = z.string().max(200_000);
/** ZAP writes its numbers as text. */
const number = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d{1,9}$/)
    .transform(Number),
]);

/** https://www.zaproxy.org/docs/desktop/addons/report-generation/report-traditional-json/ */
const ZAP = z.object({
  "@programName": z.string().max(100).optional(),
  "@version": z.string().max(100).optional(),
  site: z.array(
    z.object({
      "@name": z.string().max(2_000),
      alerts: z.array(
        z.object({
          pluginid: z.string().max(40),
          alertRef: z.string().max(40).optional(),
          name: text.optional(),
          alert: text.optional(),
          riskcode: number,
          desc: text.optional(),
          solution: text.optional(),
          count: number.optional(),
          instances: z
            .array(z.object({ uri: text, method: z.string().max(40).optional(), param: text.optional() }))
            .default([]),
        }),
      ),
    }),
  ),
});

const ZAP_RISKS: readonly Severity[] = ["note", "low", "medium", "high"];

/** What ZAP found on the pages of a preview: its traditional JSON report. */
export function readZap(report: unknown, sha: string): ConvertedReading {
  return converted(report, ZAP, { kind: "dast", sha, name: "zap" }, (zap) => {
    const { site, "@programName": program = "ZAP", "@version": version } = zap;
    if (!/^(?:OWASP )?ZAP\b/i.test(program))
      return { problem: `The report is one of “${program}”, asked for was ZAP.` };
    if (site.length === 0) return { problem: "ZAP reached no page: nothing was scanned." };
    const notes: string[] = [];
    const found: Found[] = [];
    for (const alert of site.flatMap(({ alerts }) => alerts)) {
      const { alertRef, pluginid, instances, name = alert.alert ?? "", solution = "" } = alert;
      const one = (instance?: (typeof instances)[number]): Found => ({
        ...placed(instance?.uri),
        rule: alertRef ?? pluginid,
        severity: ZAP_RISKS[alert.riskcode] ?? "high",
        message: sentence(withoutTags(name), instance?.method, instance?.param),
        remedy: withoutTags(solution) || "Repair what answers at this address.",
        identity: ["page", instance?.method ?? "", instance?.param ?? ""],
      });
      found.push(...(instances.length > 0 ? instances.map(one) : [one()]));
      const unnamed = (alert.count ?? 0) - instances.length;
      if (unnamed > 0) notes.push(`ZAP saw alert ${alertRef ?? pluginid} at ${unnamed} more pages than it lists.`);
    }
    return { found, ...(version === undefined ? {} : { version }), notes };
  });
}

const entry = z.object({
  method: z.string().max(40).optional(),
  path: text,
  info: text.optional(),
  level: number,
  parameter: text.nullish(),
});
const entries = z.record(z.string().max(200), z.array(entry));

/** https://wapiti-scanner.github.io: the report of `-f json`. */
const WAPITI = z.object({
  classifications: z.record(z.string().max(200), z.object({ sol: text.optional() })).default({}),
  vulnerabilities: entries,
  anomalies: entries.default({}),
  additionals: entries.default({}),
  infos: z.object({
    version: z.string().max(100).optional(),
    crawled_pages_nbr: z.number().int().nonnegative().optional(),
  }),
});

const WAPITI_LEVELS: readonly Severity[] = ["note", "low", "medium", "high", "critical"];

/** What Wapiti found on the pages of a preview. Its anomalies (a page that failed under attack) and what it tells besides are findings, too. */
export function readWapiti(report: unknown, sha: string): ConvertedReading {
  return converted(report, WAPITI, { kind: "dast", sha, name: "wapiti" }, (wapiti) => {
    const { classifications, vulnerabilities, anomalies, additionals, infos } = wapiti;
    if (infos.crawled_pages_nbr === 0) return { problem: "Wapiti reached no page: nothing was scanned." };
    const found = [vulnerabilities, anomalies, additionals].flatMap((group) =>
      Object.entries(group).flatMap(([name, list]) =>
        list.map(({ method, path, info = "", level, parameter }): Found => {
          const page = plain((path.split("?")[0] ?? "").slice(0, 4_000).replace(/^\/{1,10}/, ""));
          return {
            rule: name,
            severity: WAPITI_LEVELS[level] ?? "high",
            message: sentence(`${name}${info ? `: ${info}` : ""}`, method, parameter ?? undefined),
            remedy:
              (Object.hasOwn(classifications, name) ? classifications[name]?.sol : undefined) ||
              "Repair what answers at this address.",
            ...(page === "" ? {} : { path: page }),
            identity: ["page", method ?? "", parameter ?? ""],
          };
        }),
      ),
    );
    return {
      found,
      ...(infos.version === undefined ? {} : { version: infos.version.replace(/^Wapiti /, "") }),
      notes: [],
    };
  });
}

function placed(uri: string | undefined): { path?: string } {
  const page = uri === undefined ? undefined : pageOf(uri);
  return page === undefined ? {} : { path: page };
}

function sentence(what: string, method: string | undefined, parameter: string | undefined): string {
  const asked = [method, parameter ? `parameter ${parameter.slice(0, 200)}` : ""].filter(Boolean).join(", ");
  return asked ? `${what} (${asked})` : what;
}
