import { basename } from "node:path";

/** Files by which a scanner's user tells it what to leave out, or what to run. A pull request does not get to say so. */
const CONFIGURATION = new Set([
  ".semgrepignore",
  ".semgrep.yml",
  ".semgrep.yaml",
  ".gitleaks.toml",
  "gitleaks.toml",
  ".gitleaksignore",
  ".checkov.yaml",
  ".checkov.yml",
  ".checkov.baseline",
  "osv-scanner.toml",
  ".osv-scanner.toml",
  ".trivyignore",
  ".trivyignore.yaml",
  ".trivyignore.yml",
  "trivy.yaml",
  "trivy.yml",
  "trivy-secret.yaml",
  ".tfsec.yml",
  ".tfsec.yaml",
]);

/** Not worth a word, but scanners leave out what it names. */
const IGNORE_FILES = new Set([".gitignore", ".ignore", ".dockerignore"]);

export function isToolConfiguration(path: string): boolean {
  const name = basename(path).toLowerCase();
  return CONFIGURATION.has(name) || IGNORE_FILES.has(name);
}

export function isWorthAWord(path: string): boolean {
  return CONFIGURATION.has(basename(path).toLowerCase());
}

/** Comments, annotations and metadata by which a line asks scanners to look away. */
const SUPPRESSION =
  /\bnosem(?:grep)?\b|gitleaks:allow|(?:checkov|bridgecrew|cortex):skip|checkov\.io\/skip|(?:trivy|tfsec):ignore|#nosec\b|pragma: ?(?:allow|white)list[ -]secret|\bNOSONAR\b/i;

export function asksToLookAway(line: string): boolean {
  return SUPPRESSION.test(line.slice(0, 10_000));
}

/** For tools that cannot be told to ignore such comments: the same text of the same length, in which they say nothing. */
export function withoutSuppressions(content: Buffer): Buffer {
  // As Latin-1 every byte is one character, whatever the encoding.
  const text = content.toString("latin1");
  const changed = text
    .replace(/(trivy|tfsec):(ignore)/gi, "$1_$2")
    .replace(/(pragma):( ?(?:allow|white)list)/gi, "$1_$2");
  return changed === text ? content : Buffer.from(changed, "latin1");
}
