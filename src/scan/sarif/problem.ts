/** Where something stands in a report: keys and indices from its root. */
export type Place = readonly (string | number)[];

const KEY_SHOWN = 40;

/** `runs[0].results[17].locations[0]`. Keys are of others: whatever is no plain name is quoted and cut. */
export function placeText(place: Place): string {
  if (place.length === 0) return "the report";
  let text = "";
  for (const part of place) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_$][\w$]{0,40}$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part.length > KEY_SHOWN ? `${part.slice(0, KEY_SHOWN)}…` : part)}]`;
  }
  return text;
}

/** Why a report is not taken. It is thrown inside of the reader only; outside it is a value. */
export class ReportProblem extends Error {
  readonly tooLarge: boolean;

  constructor(place: Place, why: string, tooLarge = false) {
    super(`${placeText(place)}: ${why}.`);
    this.name = "ReportProblem";
    this.tooLarge = tooLarge;
  }
}
