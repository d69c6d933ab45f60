import type { Diagnosis } from "../model/diagnosis.ts";
import type { DeliveryAttempt } from "../ports/app-deliveries.ts";
import type { Facts } from "./facts.ts";
import { findingsAt, plain } from "./finding.ts";
import { appSettingsUrl } from "./links.ts";

/** GitHub's log of deliveries goes back at least as far: https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries */
const LISTED_MS = 3 * 86_400_000;

/** Whether what happens at GitHub reaches us. */
export function checkWebhook(facts: Facts): Diagnosis[] {
  return [...checkHook(facts), ...checkDeliveries(facts)];
}

function checkHook({ hook, app, settings }: Facts): Diagnosis[] {
  const at = findingsAt("app");
  if (!hook.ok) return [at.unknown("webhook", `The webhook's configuration could not be read: ${plain(hook.problem)}`)];
  const page = app.ok ? appSettingsUrl(settings.githubWebUrl, app.value) : settings.githubWebUrl;
  const wanted = `${settings.publicUrl}/api/github/webhooks`;
  const { url, insecureSsl, contentType } = hook.value;
  const findings: Diagnosis[] = [];
  if (url === "")
    findings.push(
      at.fail(
        "webhook-url",
        "The App has no webhook: nothing that happens reaches the process",
        `Tick "Active" and set the URL ${wanted} under ${page}`,
      ),
    );
  else if (url.replace(/\/+$/, "") !== wanted)
    findings.push(
      at.fail(
        "webhook-url",
        `The webhook goes to ${plain(url)}, not to ${wanted}`,
        `Set it under ${page}, or set HMS_PUBLIC_URL to where the process is reached.`,
      ),
    );
  if (insecureSsl)
    findings.push(
      at.fail(
        "webhook-insecure",
        "GitHub delivers without looking at our certificate: anyone on the way can read and answer",
        `Choose "Enable SSL verification" under ${page}`,
      ),
    );
  if (url !== "" && contentType !== "json")
    findings.push(
      at.fail(
        "webhook-content-type",
        `The webhook sends ${plain(contentType)}, not json: every delivery is refused`,
        `Choose application/json under ${page}`,
      ),
    );
  return findings.length > 0 ? findings : [at.ok("webhook", `The webhook goes to ${wanted}, as JSON`)];
}

function checkDeliveries(facts: Facts): Diagnosis[] {
  const at = findingsAt("app");
  const { deliveries, app, settings, nowMs } = facts;
  if (!deliveries.ok)
    return [at.unknown("deliveries", `The log of deliveries could not be read: ${plain(deliveries.problem)}`)];
  const page = app.ok ? appSettingsUrl(settings.githubWebUrl, app.value) : settings.githubWebUrl;
  const [newest] = deliveries.value;
  if (!newest) {
    const installed = facts.installations.ok ? facts.installations.value : [];
    const told = installed.some((one) => one.createdAtMs > nowMs - LISTED_MS);
    const what = "GitHub lists no delivery at all";
    if (told)
      return [
        at.fail(
          "deliveries-none",
          `${what}, although the App was installed only lately: its webhook is not active`,
          `Tick "Active" under ${page}`,
        ),
      ];
    return [
      at.warn(
        "deliveries-none",
        `${what}: nothing happened for days, or the webhook is not active`,
        `See whether "Active" is ticked under ${page}`,
      ),
    ];
  }
  if (!arrived(newest)) {
    const open = deliveries.value.findIndex(arrived);
    const count = open === -1 ? `all of the last ${deliveries.value.length}` : `the last ${open}`;
    return [
      at.fail(
        "deliveries-failed",
        `Deliveries fail (${count}): ${cause(newest)}`,
        `${remedy(newest, facts)} Log: ${page}/advanced`,
      ),
    ];
  }
  const taken = new Set(deliveries.value.filter(arrived).map(({ guid }) => guid));
  const lost = new Set(deliveries.value.map(({ guid }) => guid).filter((guid) => !taken.has(guid))).size;
  const before = lost === 0 ? "" : `; ${lost} earlier ones did not, and are asked for again`;
  return [at.ok("deliveries", `The last delivery (${plain(newest.event)}) arrived${before}`)];
}

function arrived({ statusCode }: DeliveryAttempt): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function cause({ statusCode }: DeliveryAttempt): string {
  if (statusCode === 401) return "the process answers 401: the webhook's secret is not the one it has";
  if (statusCode === 404) return "404: what answers at that address is not HMS-SYS";
  if (statusCode === 0 || statusCode === 502) return "GitHub cannot connect to the address";
  if (statusCode === 504) return "nothing answers within ten seconds";
  return `the answer is ${statusCode}`;
}

function remedy({ statusCode }: DeliveryAttempt, { settings }: Facts): string {
  if (statusCode === 401) return "Set WEBHOOK_SECRET and the App's webhook secret to the same value.";
  return `Try it from outside: curl -i ${settings.publicUrl}/healthz has to answer 200.`;
}
