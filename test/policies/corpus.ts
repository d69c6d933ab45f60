import { commandCorpus } from "./corpus-command.ts";
import { malformedCorpus } from "./corpus-malformed.ts";
import { mergeCorpus } from "./corpus-merge.ts";
import { mergeGroupCorpus } from "./corpus-merge-group.ts";
import { peopleCorpus } from "./corpus-people.ts";
import { previewCorpus } from "./corpus-preview.ts";
import { scansCorpus } from "./corpus-scans.ts";

/** One input and what every implementation of the checker must make of it. */
export interface CorpusRow {
  name: string;
  input: unknown;
  /** Rules that deny, in order; a rule stands once per entry. */
  deny?: string[];
  /** `rule:on`, in order. */
  waiting?: string[];
  /** Rules that warn, in order. */
  warn?: string[];
}

/** The policy corpus: the WebAssembly and a real OPA server must agree on every row. Allowed are rows that expect nothing. */
export const corpus: CorpusRow[] = [
  ...mergeCorpus,
  ...mergeGroupCorpus,
  ...peopleCorpus,
  ...commandCorpus,
  ...previewCorpus,
  ...scansCorpus,
  ...malformedCorpus,
];
