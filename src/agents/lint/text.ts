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

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

const FEW = 6;

export function few(names: readonly string[]): string {
  return names.slice(0, FEW).join(", ") + (names.length > FEW ? ` and ${names.length - FEW} more` : "");
}
