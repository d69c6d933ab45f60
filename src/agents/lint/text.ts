import { oneLine } from "../../model/markdown.ts";

const NAME_MAX = 100;

/** A name of others as it may stand in a sentence: on one line, cut, without backticks, so that our own markup around it holds. */
export function shown(name: string): string {
  const line = oneLine(name.length > 4 * NAME_MAX ? name.slice(0, 4 * NAME_MAX) : name)
    .replaceAll("`", "’")
    .toWellFormed()
    .trim();
  return line.length > NAME_MAX ? `${line.slice(0, NAME_MAX)}…`.toWellFormed() : line || "(empty)";
}

/** Line and column, both 1-based, of an offset in UTF-16 code units. */
export type Position = (offset: number) => { line: number; column: number };

export function positionsIn(text: string): Position {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    const bounded = Math.max(0, Math.min(offset, text.length));
    let line = 0;
    let after = starts.length;
    while (after - line > 1) {
      const middle = (line + after) >> 1;
      if ((starts[middle] ?? 0) <= bounded) line = middle;
      else after = middle;
    }
    return { line: line + 1, column: bounded - (starts[line] ?? 0) + 1 };
  };
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
