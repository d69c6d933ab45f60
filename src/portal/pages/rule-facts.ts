import type { CheckerInput } from "../../model/checker-input.ts";

/** One fact that a rule looked at: what it is, and what was read. Plain text, also of contributors. */
export interface Fact {
  name: string;
  value: string;
}

interface RuleStory {
  /** What the rule asks, as a sentence. */
  asks: string;
  facts(input: CheckerInput): Fact[];
}

const yesNo = (value: boolean): string => (value ? "yes" : "no");
const list = (values: readonly string[], none: string): string => (values.length === 0 ? none : values.join(", "));

/**
 * What the rules of the policy that comes with HMS-SYS look at (`policies/*.rego`). A rule of an organisation's own policy is not among them: all
 * that is known of it is what it says.
 */
const STORIES: Record<string, RuleStory> = {
  "valid-configuration": {
    asks: "The configuration on the default branch is valid.",
    facts: ({ config }) => [{ name: "Configuration valid", value: yesNo(config.valid) }],
  },
  "no-critical-findings": { asks: "No scan found anything critical.", facts: (input) => findings(input, "critical") },
  "no-high-findings": { asks: "No scan found anything of high severity.", facts: (input) => findings(input, "high") },
  "facts-known": {
    asks: "Every fact that the decision needs could be read.",
    facts: ({ unknown }) => [{ name: "Not known", value: list(unknown, "nothing") }],
  },
  "required-scans": {
    asks: "Every required scan has finished at this commit.",
    facts: ({ config, scans }) => [
      { name: "Required", value: list(config.required_scans, "none") },
      ...scans.map((scan) => ({
        name: `Scan ${scan.kind}`,
        value: `${scan.status} at ${scan.sha.slice(0, 10)}${scan.reason ? ` (${scan.reason})` : ""}`,
      })),
    ],
  },
  approvals: {
    asks: "Enough people with write access, who neither wrote nor last pushed this commit, approved it.",
    facts: (input) => [{ name: "Needed", value: String(input.config.approvals.count) }, ...people(input)],
  },
  "code-owners": {
    asks: "Owners of the changed files, as CODEOWNERS names them, approved it.",
    facts: (input) => [...owned(input, "code-owners"), ...people(input)],
  },
  "path-approvals": {
    asks: "The teams and people whom the configuration names for the changed paths approved it.",
    facts: (input) => [...owned(input, "path-approvals"), ...people(input)],
  },
  "trusted-paths-admin-approval": {
    asks: "An administrator approved changes of trusted configuration.",
    facts: (input) => [
      {
        name: "Trusted files touched",
        value: input.pull_request.touches_trusted_paths
          ? list(input.pull_request.touches_trusted_paths, "none")
          : "not known",
      },
      ...people(input),
    ],
  },
  hold: {
    asks: "Nobody put it on hold.",
    facts: ({ hold }) => [
      { name: "Hold", value: hold ? `by ${hold.by}${hold.reason ? `: ${hold.reason}` : ""}` : "none" },
    ],
  },
  "ready-for-review": {
    asks: "It is no draft.",
    facts: ({ pull_request }) => [{ name: "Draft", value: yesNo(pull_request.draft) }],
  },
};

/** Rules of our own policy, in the order in which people read them. */
export const OWN_RULES: readonly string[] = Object.keys(STORIES);

/** What a rule asks for; undefined for one that is not of our own policy. */
export function ruleAsks(rule: string): string | undefined {
  return Object.hasOwn(STORIES, rule) ? STORIES[rule]?.asks : undefined;
}

/** The facts that a rule looked at. Empty for a rule that is not of our own policy, and for facts that another release wrote in another shape. */
export function ruleFacts(rule: string, input: CheckerInput | undefined): Fact[] {
  const story = Object.hasOwn(STORIES, rule) ? STORIES[rule] : undefined;
  if (!story || !input) return [];
  try {
    return story.facts(input);
  } catch (error) {
    if (error instanceof TypeError) return [];
    throw error;
  }
}

function findings({ scans, pull_request }: CheckerInput, severity: string): Fact[] {
  const found = scans
    .filter((scan) => scan.sha === pull_request.head_sha)
    .flatMap((scan) => scan.findings)
    .filter((finding) => finding.severity === severity);
  const shown = found.slice(0, 20).map((finding) => ({ name: finding.rule, value: finding.message }));
  const left = found.length - shown.length;
  return [
    { name: "Findings", value: String(found.length) },
    ...shown,
    ...(left > 0 ? [{ name: "And", value: `${left} more; the input below has all of them` }] : []),
  ];
}

function owned({ required_reviews, approvals }: CheckerInput, rule: string): Fact[] {
  return required_reviews
    .filter((review) => review.rule === rule)
    .map(({ owners, count, files, approvers, reason }) => {
      const given = approvals.filter(({ id }) => approvers?.includes(id)).map(({ login }) => login);
      return {
        name: `${count} of ${list(owners, "nobody")} for ${list(files.slice(0, 5), "nothing")}${files.length > 5 ? " …" : ""}`,
        value: approvers === null ? (reason ?? "not known") : `approved by ${list(given, "nobody")}`,
      };
    });
}

function people({ approvals, pull_request }: CheckerInput): Fact[] {
  const said = approvals.map(
    ({ login, permission, sha }) =>
      `${login} (${permission}${sha === pull_request.head_sha ? "" : `, at ${sha.slice(0, 10)}`})`,
  );
  return [
    { name: "Approvals", value: list(said, "none") },
    { name: "Author", value: pull_request.author.login },
    { name: "Last pushed by", value: pull_request.last_pusher ?? "not known" },
  ];
}
