import { hash } from "node:crypto";
import { oneLine } from "../../model/markdown.ts";
import type { ScanKind } from "../../model/scan-kind.ts";
import type { SarifMessage, SarifRule } from "./format.ts";

const MESSAGE_MAX = 1_000;
const RULE_MAX = 120;

/** A tool's text as one line of at most `limit` characters. It is still text of others: whoever shows it escapes it. */
export function plain(text: string, limit = MESSAGE_MAX): string {
  const line = oneLine(text.slice(0, 4 * limit))
    .replace(/ {2,}/g, " ")
    .trim();
  // Half a character is no text that GitHub or a store would take.
  return line.length > limit ? `${line.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, "")}…` : line;
}

/** `sast/python.lang.eval-detected`: the tool's rule in kebab case; dots stay, as tools sort their rules by them. */
export function ruleName(kind: ScanKind, id: string | undefined): string {
  if (id === undefined || id.trim() === "") return `${kind}/unnamed`;
  const name = id
    .slice(0, 1_000)
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, "-")
    .replace(/^-|-$/g, "");
  if (name !== "" && name.length <= RULE_MAX && id.length <= 1_000) return `${kind}/${name}`;
  return `${kind}/${name.slice(0, RULE_MAX) || "rule"}-${hash("sha256", id, "hex").slice(0, 8)}`;
}

/** The message with its arguments, without the links that SARIF writes into it. */
export function messageText(message: SarifMessage, rule: SarifRule | undefined): string {
  const { id } = message;
  const strings = rule?.messageStrings;
  const text =
    message.text ?? (id !== undefined && strings && Object.hasOwn(strings, id) ? strings[id]?.text : undefined);
  const whole = (text ?? rule?.shortDescription?.text ?? "").slice(0, 4 * MESSAGE_MAX);
  const filled = message.arguments
    ? whole.replace(/\{(\d{1,3})\}/g, (shown, at) => message.arguments?.[Number(at)]?.slice(0, MESSAGE_MAX) ?? shown)
    : whole;
  return filled.replace(/\[([^[\]\\]{0,200})\]\([^()\s]{0,500}\)/g, "$1");
}

const REMEDIES: Record<ScanKind, string> = {
  secrets: "Rotate it.",
  agents: "Repair the configuration as the rule says.",
  sast: "Change the code so that the rule does not match it any more.",
  leaks: "Rotate it: deleting the line does not unleak it.",
  dependencies: "Move to a version of the package that does not have this flaw.",
  iac: "Change the configuration as the rule says.",
  image: "Build the image on packages that do not have this flaw.",
  dast: "Repair what answers at this address.",
  quality: "Repair it in the code as the rule says.",
};

/** What to do about a finding, with the tool's own page about the rule where it names one. */
export function remedyOf(kind: ScanKind, rule: SarifRule | undefined): string {
  const page = rule?.helpUri;
  const usable = page !== undefined && /^https?:\/\/[^\s<>"'`\\^{}|]{1,500}$/.test(page);
  return usable ? `${REMEDIES[kind]} About the rule: ${page}` : REMEDIES[kind];
}

/**
 * A page as a path, so that waivers can name it: without the host, which is another for each preview, and with the names of what is asked
 * for. Undefined for what is no address of a page.
 */
export function pageOf(uri: string): string | undefined {
  if (!/^https?:\/\//i.test(uri) || !URL.canParse(uri)) return undefined;
  const { pathname, searchParams } = new URL(uri);
  const names = [...new Set(searchParams.keys())].sort();
  const page = plain(`${pathname.slice(1)}${names.length > 0 ? `?${names.join("&")}` : ""}`);
  return page === "" ? undefined : page;
}
