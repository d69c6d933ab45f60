import { matchesPath, type PathPattern, readPattern } from "../model/path-pattern.ts";

/** Whose review a file takes. */
export type Owners =
  /** Nobody's: no line names it, or the last that does names no one. */
  | { kind: "none" }
  /** `@login` or `@org/team` in lower case; any one of them will do. */
  | { kind: "owners"; owners: string[] }
  /** It cannot be told. A line that GitHub would pass over might have named somebody. */
  | { kind: "unknown"; reason: string };

export interface CodeOwners {
  /** From the last line to the first: the last that names a file decides. */
  lines: Line[];
}

interface Line {
  /** Counted from 1. */
  number: number;
  /** Undefined where it cannot be read: then it may mean any file. */
  pattern: PathPattern | undefined;
  owners: string[];
  /** What is wrong with its owners. */
  problem?: string;
}

/** Lines times files that are compared; beyond, the process would be kept from everything else. */
const COMPARISONS_MAX = 20_000_000;

const LOGIN = /^@[a-z\d](?:[a-z\d_-]{0,98}[a-z\d_])?$/i;
const TEAM = /^@[a-z\d](?:[a-z\d_-]{0,98}[a-z\d_])?\/[a-z\d_][a-z\d_.-]{0,99}$/i;

/** Reads a CODEOWNERS file. Never throws: what cannot be read stays in it as such. */
export function readCodeOwners(text: string): CodeOwners {
  const lines = text.split(/\r?\n/).flatMap((line, i): Line[] => {
    const words = wordsOf(line);
    const [first, ...rest] = words;
    if (first === undefined) return [];
    const owners = rest.map((owner) => owner.toLowerCase());
    const known = owners.filter((owner) => LOGIN.test(owner) || TEAM.test(owner));
    const problem = problemOf(owners, known);
    return [{ number: i + 1, pattern: readPattern(first), owners: known, ...(problem ? { problem } : {}) }];
  });
  return { lines: lines.reverse() };
}

/** Words of a line, parted by blanks that are not escaped, up to a comment. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:\\ |[^\s])+/g) ?? [];
  const comment = words.findIndex((word) => word.startsWith("#"));
  return comment < 0 ? words : words.slice(0, comment);
}

function problemOf(owners: string[], known: string[]): string | undefined {
  const strange = owners.filter((owner) => !known.includes(owner));
  if (strange.length === 0) return undefined;
  const mail = strange.every((owner) => /^[^@\s]+@[^@\s]+$/.test(owner));
  // Beside an address that nobody can be found by, the others will do.
  if (mail) return known.length > 0 ? undefined : "names its owner by an e-mail address only, which tells no account";
  return "names an owner that is neither @login nor @organisation/team";
}

/** Whose review each of the files takes. */
export function ownersOf({ lines }: CodeOwners, paths: readonly string[]): Map<string, Owners> {
  if (lines.length * paths.length > COMPARISONS_MAX) {
    const reason = "CODEOWNERS has too many lines for as many changed files";
    return new Map(paths.map((path) => [path, { kind: "unknown", reason }]));
  }
  return new Map(paths.map((path) => [path, ownersOfFile(lines, path)]));
}

function ownersOfFile(lines: Line[], path: string): Owners {
  for (const { number, pattern, owners, problem } of lines) {
    if (!pattern) return { kind: "unknown", reason: `line ${number} of CODEOWNERS has a pattern that cannot be read` };
    if (!matchesPath(pattern, path)) continue;
    if (problem) return { kind: "unknown", reason: `line ${number} of CODEOWNERS ${problem}` };
    return owners.length === 0 ? { kind: "none" } : { kind: "owners", owners: [...new Set(owners)].sort() };
  }
  return { kind: "none" };
}
