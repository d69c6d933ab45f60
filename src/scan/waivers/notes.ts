import type { Waiver } from "../../model/waiver.ts";
import type { Judged } from "./judged.ts";

/** More than anybody reads; the findings themselves say what covers them. */
const NOTES_MAX = 30;

interface Facts {
  found: readonly Judged[];
  /** Waivers that are for this scan, by their rule. */
  own: readonly Waiver[];
  /** The pull request changes the file. */
  proposes: boolean;
  /** Not every pattern was tried on every path. */
  partly: boolean;
  today: string;
  /** The last day on which a waiver may expire. */
  last: string;
  daysMax: number;
}

/** Plain sentences about the waivers of one scan, what is to be done first. They quote the file: escape them where they are shown. */
export function waiverNotes({ found, own, proposes, partly, today, last, daysMax }: Facts): string[] {
  const covers = new Map<Waiver, number>();
  const standing = new Map<Waiver, number>();
  for (const { covering, by } of found) {
    for (const waiver of covering) {
      covers.set(waiver, (covers.get(waiver) ?? 0) + 1);
      if (!by) standing.set(waiver, (standing.get(waiver) ?? 0) + 1);
    }
  }
  const all = [...new Set([...own, ...covers.keys()])].sort((a, b) => a.line - b.line);
  const expired = all.filter(({ expires }) => expires < today);
  const long = all.filter(({ expires }) => expires > last);
  const counting = all.filter((waiver) => !expired.includes(waiver) && !long.includes(waiver));
  const notes = [
    ...(partly
      ? [
          "There are too many findings and too many waivers by path to try each on each; where none was tried, the finding counts.",
        ]
      : []),
    ...expired.map((waiver) => {
      const again = standing.get(waiver) ?? 0;
      const what = again > 0 ? `${findings(again)} count${again === 1 ? "s" : ""} again` : "it can be deleted";
      return `The waiver ${named(waiver)} expired on ${waiver.expires} and does not count any more; ${what}.`;
    }),
    ...long.map(
      (waiver) =>
        `The waiver ${named(waiver)} does not count, as it expires on ${waiver.expires}, more than ${daysMax} days from now.`,
    ),
    ...(proposes ? proposals(found) : []),
    ...counting.flatMap((waiver) =>
      covers.has(waiver)
        ? []
        : [`The waiver ${named(waiver)} covers nothing here; if what it was for is gone, delete it.`],
    ),
  ];
  const left = notes.length - NOTES_MAX;
  return left > 0 ? [...notes.slice(0, NOTES_MAX), `And ${left} more sentences about waivers.`] : notes;
}

function proposals(found: readonly Judged[]): string[] {
  const more = found.filter((one) => one.wouldBe && !one.by).length;
  const fewer = found.filter((one) => one.by && !one.wouldBe).length;
  return [
    ...(more > 0
      ? [
          `This pull request changes the waivers: ${findings(more)} would be waived once it is merged to the default branch. Until then ${more === 1 ? "it counts" : "they count"}.`,
        ]
      : []),
    ...(fewer > 0
      ? [
          `This pull request changes the waivers: ${findings(fewer)} that ${fewer === 1 ? "is" : "are"} waived now would count again.`,
        ]
      : []),
  ];
}

function named(waiver: Waiver): string {
  const { fingerprint, rule, path } = waiver;
  const what = fingerprint === undefined ? `${rule} in ${path}` : `${rule ?? "finding"} ${fingerprint.slice(0, 12)}…`;
  return `for ${what} (${place(waiver)}, ${waiver.owner})`;
}

function place({ line }: Waiver): string {
  return `line ${line} of the waivers`;
}

function findings(number: number): string {
  return number === 1 ? "1 finding" : `${number} findings`;
}
