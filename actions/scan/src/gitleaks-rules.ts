import { ScanFailure } from "./scan-failure.ts";

/** Beside the program. */
export const GITLEAKS_RULES = "gitleaks.toml";

/** Written by package managers, and full of digests. Everything else is read, whatever a pull request calls it. */
const LEFT_OUT = [
  "(?:^|/)go\\.(?:sum|work\\.sum)$",
  "(?:^|/)(?:deno\\.lock|npm-shrinkwrap\\.json|package-lock\\.json|pnpm-lock\\.yaml|yarn\\.lock|(?:Pipfile|poetry|uv|Cargo)\\.lock|gradle\\.lockfile)$",
];

/** Of one rule: the exceptions that are of nothing but paths. */
const EXCEPTED_PATHS = /^\[\[rules\.allowlists\]\]\npaths = \[\n(?: {4}.*\n)+\]\n(?=\n|\[)/gm;

/**
 * Gitleaks' own rules, but for the paths that it leaves out whatever stands there (`node_modules/`, `*.png`, `vendor/…`, of some rules one
 * readme): a pull request chooses its paths. @throws {ScanFailure} if they are not in the known form.
 */
export function strictRules(shipped: string): string {
  const paths = /^\[allowlist\]\n(?:(?!\[).*\n)*?paths = \[\n((?: {4}\x27{3}.*\x27{3},\n)+)\]\n/m.exec(shipped);
  if (paths?.[1] === undefined)
    throw new ScanFailure("The rules that gitleaks ships are not in the form that is known.");
  const strict = shipped.replace(EXCEPTED_PATHS, "");
  return strict.replace(paths[1], () => LEFT_OUT.map((path) => `    '''${path}''',\n`).join(""));
}
