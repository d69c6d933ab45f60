import { type Place, placeText } from "./problem.ts";

/** What was contained while a report was read: one sentence for each kind, with how often and where first. */
export class Notes {
  readonly #kinds = new Map<string, { count: number; first: string }>();
  readonly #sentences: string[] = [];

  /** `what` reads on after a number: `locations name a place outside of the repository and stand without a path`. */
  count(what: string, place: Place, times = 1): void {
    const known = this.#kinds.get(what);
    if (known) known.count += times;
    else if (times > 0) this.#kinds.set(what, { count: times, first: placeText(place) });
  }

  say(sentence: string): void {
    if (!this.#sentences.includes(sentence)) this.#sentences.push(sentence);
  }

  sentences(): string[] {
    const counted = [...this.#kinds].map(([what, { count, first }]) => `${count} × ${what}; ${first} is the first.`);
    return [...this.#sentences, ...counted];
  }
}
