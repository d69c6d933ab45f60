import { parseDurationMs } from "../config/duration.ts";
import { DISPATCHED_KINDS, type ScanKind } from "../model/scan-kind.ts";

/** What can be asked of a preview. */
export type PreviewAction = "up" | "down" | "extend" | "sleep" | "wake";

/** One command of a comment. `sha` is always the full 40 digits: a short one could name another commit later. */
export type Command =
  | { verb: "help" | "why" | "retry" | "unhold" }
  | { verb: "hold"; reason: string }
  | { verb: "ok-to-test"; sha: string }
  | { verb: "preview"; action: Exclude<PreviewAction, "extend"> }
  /** `byMs`: how long from now it is to stay at least. */
  | { verb: "preview"; action: "extend"; byMs: number }
  /** `scan`: absent for all of them. */
  | { verb: "scan"; scan?: ScanKind }
  | { verb: "override"; rule: string; sha: string; reason: string };

export type ParsedLine = { ok: true; command: Command; line: string } | { ok: false; line: string; problem: string };

export const USAGE: Record<Command["verb"], string> = {
  help: "/hms help",
  why: "/hms why",
  retry: "/hms retry",
  hold: "/hms hold [reason]",
  unhold: "/hms unhold",
  "ok-to-test": "/hms ok-to-test <40-hex>",
  override: "/hms override <rule> <40-hex> <reason>",
  scan: "/hms scan [kind]",
  preview: "/hms preview up|down|extend <duration>|sleep|wake",
};
const PREVIEW_ACTIONS: readonly PreviewAction[] = ["up", "down", "extend", "sleep", "wake"];
const SCAN_KINDS: readonly ScanKind[] = ["secrets", "agents", ...DISPATCHED_KINDS];
const [EXTEND_LEAST_MS, EXTEND_MOST_MS] = [60_000, 30 * 24 * 3_600_000];
/** Known to the design, not to this version. */
const LATER = ["approve", "promote", "pause", "resume", "abort", "rollback"];
export const VERBS = Object.keys(USAGE) as Command["verb"][];
const COMMANDS_MAX = 10;
const REASON_MAX = 500;
const SHA = /^[0-9a-f]{40}$/;

/** Commands of a comment, one per line; never those in quotes, code or HTML comments, which are talk about commands. */
export function parseComment(body: string): ParsedLine[] {
  const lines = spokenLines(body).flatMap((line) => {
    // Our own answers break up SHAs with zero-width spaces; whoever copies a line from one pastes them along.
    const words = line.replaceAll("\u200b", "");
    return /^ {0,3}\/hms(?:\s|$)/i.test(words) ? [words.trim()] : [];
  });
  return lines.slice(0, COMMANDS_MAX).map(parseLine);
}

function spokenLines(body: string): string[] {
  const lines: string[] = [];
  let fence: string | undefined;
  for (const line of withoutHtmlComments(body).split(/\r\n|\r|\n/)) {
    const [, mark, after = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === undefined && mark && !(mark[0] === "`" && after.includes("`"))) fence = mark;
    else if (fence !== undefined && mark && closes(fence, mark, after)) fence = undefined;
    else if (fence === undefined && !/^(?: {4}|\t)/.test(line) && !/^ {0,3}>/.test(line)) lines.push(line);
  }
  return lines;
}

/** https://spec.commonmark.org/0.31.2/#fenced-code-blocks: a closing fence is as long at least, and nothing follows it. */
function closes(fence: string, mark: string, after: string): boolean {
  return mark[0] === fence[0] && mark.length >= fence.length && after.trim() === "";
}

/** An unclosed comment hides all that follows, as it does on GitHub. */
function withoutHtmlComments(body: string): string {
  let text = "";
  let from = 0;
  for (;;) {
    const start = body.indexOf("<!--", from);
    if (start < 0) return text + body.slice(from);
    text += body.slice(from, start);
    const end = body.indexOf("-->", start + 4);
    if (end < 0) return text;
    from = end + 3;
  }
}

function parseLine(line: string): ParsedLine {
  const [, verbGiven = "", ...words] = line.slice(0, 2000).split(/\s+/);
  const verb = verbGiven.toLowerCase();
  const bad = (problem: string): ParsedLine => ({ ok: false, line, problem });
  const good = (command: Command): ParsedLine => ({ ok: true, command, line });
  if (verb === "") return good({ verb: "help" });
  const rest = reasonOf(words);
  switch (verb) {
    case "help":
    case "why":
    case "retry":
    case "unhold":
      return good({ verb });
    case "hold":
      return good({ verb, reason: rest });
    case "ok-to-test": {
      const sha = words[0]?.toLowerCase() ?? "";
      return SHA.test(sha) && words.length === 1
        ? good({ verb, sha })
        : bad(`It names one commit by all of its 40 digits: ${USAGE[verb]}`);
    }
    case "override": {
      const [rule = "", sha = "", ...why] = words;
      if (!/^[a-z0-9][a-z0-9/-]{0,99}$/.test(rule) || !SHA.test(sha.toLowerCase()))
        return bad(`It names a rule and one commit by all of its 40 digits: ${USAGE[verb]}`);
      if (why.length === 0) return bad(`It needs a reason, which is kept: ${USAGE[verb]}`);
      return good({ verb, rule, sha: sha.toLowerCase(), reason: reasonOf(why) });
    }
    case "scan":
      return scanLine(words, good, bad);
    case "preview":
      return previewLine(words, good, bad);
    default: {
      if (LATER.includes(verb)) return bad(`/hms ${verb} is not in this version.`);
      const near = nearest(verb, VERBS);
      return bad(
        near
          ? `There is no such command. Did you mean ${USAGE[near]}?`
          : "There is no such command. /hms help lists them.",
      );
    }
  }
}

function previewLine(
  [given = "", ...rest]: string[],
  good: (command: Command) => ParsedLine,
  bad: (problem: string) => ParsedLine,
): ParsedLine {
  const asked = given.toLowerCase();
  const action = PREVIEW_ACTIONS.find((known) => known === asked);
  if (action === undefined) {
    const near = nearest(asked, PREVIEW_ACTIONS);
    return bad(near ? `Did you mean /hms preview ${near}?` : `It says what to do: ${USAGE.preview}`);
  }
  if (action !== "extend") return good({ verb: "preview", action });
  const byMs = rest.length === 1 ? parseDurationMs(rest[0] ?? "") : undefined;
  return byMs !== undefined && byMs >= EXTEND_LEAST_MS && byMs <= EXTEND_MOST_MS
    ? good({ verb: "preview", action, byMs })
    : bad("It takes a time from 1m to 30d: /hms preview extend 24h");
}

function scanLine(
  [given = "", ...rest]: string[],
  good: (command: Command) => ParsedLine,
  bad: (problem: string) => ParsedLine,
): ParsedLine {
  const asked = given.toLowerCase();
  if (asked === "") return good({ verb: "scan" });
  const scan = SCAN_KINDS.find((kind) => kind === asked);
  if (scan !== undefined && rest.length === 0) return good({ verb: "scan", scan });
  const near = scan ?? nearest(asked, SCAN_KINDS);
  return bad(near ? `Did you mean /hms scan ${near}?` : `It takes one of ${SCAN_KINDS.join(", ")}, or none for all.`);
}

/** Cut between characters: half of one is no text for the checker. */
function reasonOf(words: string[]): string {
  return words.join(" ").slice(0, REASON_MAX).toWellFormed();
}

/** The word that is at most two edits away, and not all of it. */
function nearest<W extends string>(word: string, all: readonly W[]): W | undefined {
  const ranked = all
    .map((known) => ({ known, edits: distance(word.slice(0, 20), known) }))
    .sort((a, b) => a.edits - b.edits);
  return ranked[0] && ranked[0].edits <= Math.min(2, ranked[0].known.length - 1) ? ranked[0].known : undefined;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
