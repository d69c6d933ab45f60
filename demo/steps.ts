import type { Scene } from "./stage.ts";

export interface Step {
  name: string;
  title: string;
  /** Does it, reads GitHub back, and throws {@link NotHeld} when that is not as it has to be. */
  play(scene: Scene, observe: Observe): Promise<void>;
}

/** Tells what was really seen, in the order of telling: it is printed and becomes JSON. */
export type Observe = (label: string, value: string | number) => void;

/** A step did not hold: the message says what was expected and what was seen. */
export class NotHeld extends Error {
  override readonly name = "NotHeld";
}

export function hold(condition: boolean, why: string): asserts condition {
  if (!condition) throw new NotHeld(why);
}

/** The cells of one row of the gate's table. */
export function ruleRow(summary: string): { rule: string; why: string; remedy: string } | undefined {
  const row = summary.split("\n").find((line) => line.startsWith("| ❌"));
  const [, , rule, why, remedy] = row?.split(/(?<!\\)\|/).map((cell) => plain(cell)) ?? [];
  return rule && why && remedy ? { rule, why, remedy } : undefined;
}

/** Markdown as one reads it: without escapes, code marks and bold. */
export function plain(text: string): string {
  return text
    .replace(/\\([!-/:-@[-`{-~])/g, "$1")
    .replace(/&(lt|gt|amp);/g, (_, name: string) => ({ lt: "<", gt: ">", amp: "&" })[name] ?? "")
    .replace(/`+|\*\*|\u200b/g, "")
    .trim();
}

/** `secret` anywhere in a text, also as JSON would write it. */
export function tells(text: string, secret: string): boolean {
  return text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1));
}
