/**
 * Text of others in GitHub's Markdown: in check runs and comments nothing that a contributor wrote may turn into markup, a link, a
 * mention or a reference.
 */

/** Breaks a mention, reference or autolink without being seen. */
const ZERO_WIDTH_SPACE = "\u200b";

/** GitHub's limit for a check run's `summary` and `text`. */
export const CHECK_TEXT_LIMIT = 65_535;

/** One line of plain text. Markup, HTML, links, `@mentions`, `#1` and `owner/repo@sha` references stay what they look like. */
export function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replace(/^\s+|\s+$/g, " ")
    .replace(/[\\`*_{}[\]()<>#+!|~$^=&-]/g, "\\$&")
    .replace(/^(\d{1,9})([.)])/, "$1\\$2")
    .replace(/@/g, `@${ZERO_WIDTH_SPACE}`)
    .replace(/\\#(?=\w)/g, `\\#${ZERO_WIDTH_SPACE}`)
    .replace(/\b(gh)\\-(?=\d)/gi, `$1\\-${ZERO_WIDTH_SPACE}`)
    .replace(/:\/\//g, `:${ZERO_WIDTH_SPACE}//`)
    .replace(/www\./gi, (www) => `${www.slice(0, 3)}${ZERO_WIDTH_SPACE}.`)
    .replace(/(mailto|xmpp):/gi, `$1${ZERO_WIDTH_SPACE}:`)
    .replace(/\b(?=[a-f]*\d)[0-9a-f]{7,40}\b/gi, (sha) => `${sha.slice(0, 3)}${ZERO_WIDTH_SPACE}${sha.slice(3)}`);
}

/** Text in backticks, whatever backticks it has itself. In a table use {@link tableCode}. */
export function inlineCode(text: string): string {
  const line = oneLine(text);
  if (line.trim() === "") return "` `";
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = longest > 0 || line.startsWith(" ") || line.endsWith(" ") ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** {@link inlineCode} for a table's cell, where a bar has to be escaped even in code. */
export function tableCode(text: string): string {
  // A table reads `\|` as a bar before it looks at code, so a backslash in front of one would take its escape away.
  return inlineCode(oneLine(text).replace(/\\(?=\|)/g, "∖")).replaceAll("|", "\\|");
}

/** Control, bidirectional and line breaking characters as blanks: text that stays on its line and reads in its order. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\u200e\u200f]+/gu, " ").replace(/\p{Cs}/gu, "�");
}

/**
 * Lines joined by line breaks, in at most `limitBytes` of UTF-8. What does not fit is left out in whole lines, and `statement` says so
 * as the last line: it gets the number of lines left out.
 */
export function joinWithin(
  lines: readonly string[],
  limitBytes: number,
  statement: (leftOut: number) => string,
): string {
  const whole = lines.join("\n");
  if (Buffer.byteLength(whole) <= limitBytes) return whole;
  const room = limitBytes - Buffer.byteLength(`\n\n${statement(lines.length)}`);
  const kept: string[] = [];
  let used = 0;
  for (const line of lines) {
    used += Buffer.byteLength(line) + 1;
    if (used > room) break;
    kept.push(line);
  }
  return `${kept.join("\n")}\n\n${statement(lines.length - kept.length)}`;
}
