/** A pattern that was read: what {@link matchesPath} takes. */
export interface PathPattern {
  /** One for each part of the path; `null` stands for any number of parts, none included. */
  parts: (string | null)[];
}

/** Longer ones are not written by hand. */
const PATTERN_MAX = 1_000;

/**
 * Reads a pattern as CODEOWNERS on GitHub and gitignore write it; undefined for what GitHub does not take either, or what would be read in
 * more than one way: negation, ranges of characters, escapes of anything but a blank.
 * https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners#codeowners-syntax
 */
export function readPattern(text: string): PathPattern | undefined {
  if (text === "" || text.length > PATTERN_MAX || /^!|[[\]\\]/.test(text.replaceAll("\\ ", " "))) return undefined;
  const plain = text.replaceAll("\\ ", " ");
  const folder = plain.endsWith("/");
  const body = plain.slice(plain.startsWith("/") ? 1 : 0, folder ? -1 : undefined);
  const names = body.split("/");
  if (names.some((name) => name === "" || name === "." || name === "..")) return undefined;
  // A slash at the start or inside ties a pattern to the root; without one it is met in any folder.
  const anchored = plain.startsWith("/") || names.length > 1;
  const parts: (string | null)[] = anchored ? [] : [null];
  for (const name of names) parts.push(name === "**" ? null : name);
  // `docs/*` means the files in it and not what lies deeper; all else that names a folder means everything below it.
  if (names.at(-1) === "**") parts.push("*", null);
  else if (folder) parts.push("*", null);
  else if (names.at(-1) !== "*") parts.push(null);
  return { parts: parts.filter((part, i) => part !== null || parts[i - 1] !== null) };
}

/** Whether a file's path, from the repository's root and without a slash before it, is meant. In time of path times pattern at most. */
export function matchesPath({ parts }: PathPattern, path: string): boolean {
  const names = path.split("/");
  return matches(
    parts,
    names,
    null,
    (part, name) =>
      part === name || ((part?.includes("*") || part?.includes("?")) === true && matchesName(part ?? "", name)),
  );
}

function matchesName(part: string, name: string): boolean {
  // Two stars in a row are one.
  return matches([...part], [...name], "*", (letter, one) => letter === "?" || letter === one);
}

/** Wildcards by going back to the last one only: what an earlier one could take, the last one can take as well. */
function matches<P, T>(
  pattern: readonly P[],
  text: readonly T[],
  any: P,
  same: (one: P, other: T) => boolean,
): boolean {
  let [p, t] = [0, 0];
  let back: [p: number, t: number] | undefined;
  while (t < text.length) {
    const one = pattern[p] as P;
    if (p < pattern.length && one === any) back = [++p, t];
    else if (p < pattern.length && same(one, text[t] as T)) {
      p++;
      t++;
    } else if (back) {
      back = [back[0], back[1] + 1];
      [p, t] = back;
    } else return false;
  }
  while (p < pattern.length && pattern[p] === any) p++;
  return p === pattern.length;
}

/** Where GitHub looks for CODEOWNERS, the first that is there counts. */
export const CODE_OWNERS_PATHS: readonly string[] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
