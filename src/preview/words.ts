import { escapeMarkdown, inlineCode, tableCode } from "../model/markdown.ts";
import type { PreviewPart, PreviewReason, PreviewRecord, PreviewState } from "../model/preview.ts";

/** What the check and the comment have in common. */

export const TITLES: Record<PreviewState, string> = {
  disabled: "No preview: previews are off",
  skipped: "No preview",
  blocked: "Waiting for people",
  queued: "Queued",
  provisioning: "Being made",
  healthy: "Healthy",
  degraded: "Not healthy",
  failed: "Failed",
  sleeping: "Asleep",
  "tearing-down": "Being removed",
  gone: "Removed",
};

/** Our lines to paste stand in code, as escaping would put unseen characters into them; everything else is text of others. */
export function textOf(message: string): string {
  const [before = "", line, after = ""] = message.split(PASTE, 3);
  return escapeMarkdown(before) + (line === undefined ? "" : inlineCode(line) + escapeMarkdown(after));
}

/** At the end of a message alone, where only ours have it: nobody else's text becomes code. */
const PASTE = /(\/hms (?:ok-to-test [0-9a-f]{40}|preview (?:up|wake)))$/;

/** A table of what is wrong or awaited; empty where nothing is. */
export function reasonsTable(reasons: readonly PreviewReason[]): string[] {
  if (reasons.length === 0) return [];
  return [
    "| | Why | Where | Waits for |",
    "|---|---|---|---|",
    ...reasons.map((reason) => {
      const mark = reason.awaits === "machines" ? "⏳" : reason.awaits === "people" ? "❌" : "ℹ️";
      return `| ${mark} | ${textOf(reason.message)} | ${whereOf(reason)} | ${reason.awaits} |`;
    }),
  ];
}

function whereOf({ object, file, component, cluster }: PreviewReason): string {
  return [object, file, component, cluster].flatMap((one) => (one ? [tableCode(one)] : [])).join(" · ");
}

export function partsTable(parts: readonly PreviewPart[]): string[] {
  if (parts.length === 0) return [];
  return [
    "| | Component | Cluster | Sync | Health | Revision |",
    "|---|---|---|---|---|---|",
    ...parts.map((part) => {
      const revision = part.revision === "" ? "none" : tableCode(part.revision.slice(0, 7));
      const cells = [part.component, part.cluster, part.sync, part.health].map(tableCode);
      return `| ${part.green ? "✅" : "⏳"} | ${[...cells, revision].join(" | ")} |`;
    }),
  ];
}

/** An address that the configuration made, as a link; anything that could be more than an address stays text. */
export function linkOf(url: string): string {
  return /^https?:\/\/[\w.-]{1,253}(?::\d{1,5})?(?:\/[\w./-]{0,500})?$/.test(url) ? `<${url}>` : escapeMarkdown(url);
}

/** How long it lives and what changes that; in absolute times, so that the text stays the same while nothing happens. */
export function timeToLive({ state, made, expiresAtMs, sleepsAtMs }: PreviewRecord): string[] {
  const there = made.length > 0 && ["provisioning", "healthy", "degraded", "failed", "sleeping"].includes(state);
  if (!there || expiresAtMs === undefined) return [];
  const sleeps = state !== "sleeping" && sleepsAtMs !== undefined && sleepsAtMs < expiresAtMs;
  return [
    `${sleeps ? `It goes to sleep at ${utc(sleepsAtMs)} and is` : "It is"} removed at ${utc(expiresAtMs)}, unless there is a push or a command before.`,
  ];
}

export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Lines to paste that make sense now. */
export function commandsOf(state: PreviewState): string[] {
  switch (state) {
    case "provisioning":
    case "healthy":
    case "degraded":
    case "failed":
      return ["/hms preview extend 24h", "/hms preview sleep", "/hms preview down"];
    case "sleeping":
      return ["/hms preview wake", "/hms preview extend 24h", "/hms preview down"];
    case "skipped":
      return ["/hms preview up"];
    default:
      return [];
  }
}
