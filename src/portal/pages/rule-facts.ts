import type { CheckerDocument, CheckerFinding, CheckerInput, MergeGroupInput } from "../../model/checker-input.ts";

/** One fact that a rule looked at: what it is, and what was read. Plain text, also of contributors. */
export interface Fact {
  name: string;
  value: string;
}

interface RuleStory<Input> {
  /** What the rule asks, as a sentence. */
  asks: string;
  facts(input: Input): Fact[];
}

const yesNo = (value: boolean): string => (value ? "yes" : "no");
const list = (values: readonly string[], none: string): string => (values.length === 0 ? none : values.join(", "));

/**
 * What the rules of the policy that comes with HMS-SYS look at (`policies/*.rego`). A rule of an organisation's own policy is not among them: all
 * that is known of it is what it says.
 */
const AT_MERGE: Record<string, RuleStory<CheckerInput>> = {
  "valid-configuration": {
    asks: "The configuration on the default branch is valid.",
    facts: ({ config }) => [{ name: "Configuration valid", value: yesNo(config.valid) }],
  },
  "no-critical-findings": {
    asks: "No search for secrets, and no scan without a rule of its own, found anything critical.",
    facts: (input) => unruledFindings(input, "critical"),
  },
  "no-high-findings": {
    asks: "No search for secrets, and no scan without a rule of its own, found anything of high severity.",
    facts: (input) => unruledFindings(input, "high"),
  },
  "facts-known": {
    asks: "Every fact that the decision needs could be read.",
    facts: ({ unknown }) => [{ name: "Not known", value: list(unknown, "nothing") }],
  },
  "required-scans": { asks: "Every required scan has finished at this commit.", facts: scansOf },
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
  "preview-healthy": {
    asks: "Where the configuration requires one, the preview of this commit is healthy.",
    facts: previewed,
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

const AT_MERGE_GROUP: Record<string, RuleStory<MergeGroupInput>> = {
  "members-allowed": {
    asks: "Every pull request of the group is allowed at its own head.",
    facts: ({ group }) =>
      group.members.map(({ number, head_sha, outcome }) => ({
        name: `Pull request ${number}`,
        value: `${outcome} at ${head_sha.slice(0, 10)}`,
      })),
  },
  "group-explained": {
    asks: "Every commit of the group comes from one of its pull requests, or from the queue itself.",
    facts: ({ group }) => [{ name: "Not explained", value: list(group.unexplained, "nothing") }],
  },
  "required-scans": { asks: "The group's own commits were scanned.", facts: scansOf },
  "valid-configuration": {
    asks: "The configuration on the default branch is valid.",
    facts: ({ config }) => [{ name: "Configuration valid", value: yesNo(config.valid) }],
  },
};

function storiesOf(input: CheckerDocument | undefined): Record<string, RuleStory<never>> {
  if (input?.point === "merge-group") return AT_MERGE_GROUP;
  const kinds = ruledKinds(input);
  return kinds.length === 0 ? AT_MERGE : { ...AT_MERGE, ...Object.fromEntries(kinds.map(storyOfKind)) };
}

/** Kinds of scans that the configuration names: each has a rule of its own. Facts that another release wrote may say it otherwise. */
function ruledKinds(input: CheckerInput | undefined): string[] {
  const scans: unknown = input?.config?.scans;
  return Array.isArray(scans)
    ? scans.flatMap((one) => (typeof one?.kind === "string" && one.kind !== "secrets" ? [one.kind] : []))
    : [];
}

function storyOfKind(kind: string): [string, RuleStory<CheckerInput>] {
  return [
    `no-${kind}-findings`,
    {
      asks: `The ${kind} scan found nothing new of the severities that block.`,
      facts: (input) => [
        ...(input.config.scans ?? [])
          .filter((one) => one.kind === kind)
          .flatMap(({ fail_on, old_debt }) => [
            { name: "Severities that block", value: list(fail_on, "none") },
            { name: "What the base branch has as well", value: old_debt === "block" ? "blocks" : "is let through" },
          ]),
        ...findings(input, (one) => one.kind === kind),
      ],
    },
  ];
}

/** Rules of our own policy at the point of these facts, in the order in which people read them. */
export function ownRules(input: CheckerDocument | undefined): { rule: string; asks: string }[] {
  return Object.entries(storiesOf(input)).map(([rule, { asks }]) => ({ rule, asks }));
}

/** The facts that a rule looked at. Empty for a rule that is not of our own policy, and for facts that another release wrote in another shape. */
export function ruleFacts(rule: string, input: CheckerDocument | undefined): Fact[] {
  const stories = storiesOf(input);
  const story = Object.hasOwn(stories, rule) ? stories[rule] : undefined;
  if (!story || !input) return [];
  try {
    return story.facts(input as never);
  } catch (error) {
    if (error instanceof TypeError) return [];
    throw error;
  }
}

function scansOf({ config, scans }: Pick<CheckerInput, "config" | "scans"> | MergeGroupInput): Fact[] {
  return [
    { name: "Required", value: list(config.required_scans, "none") },
    ...scans.map((scan) => ({
      name: `Scan ${scan.kind}`,
      value: `${scan.status} at ${scan.sha.slice(0, 10)}${scan.reason ? ` (${scan.reason})` : ""}`,
    })),
  ];
}

function unruledFindings(input: CheckerInput, severity: string): Fact[] {
  const ruled = ruledKinds(input);
  return findings(input, (one) => !ruled.includes(one.kind) && one.severity === severity);
}

type Found = CheckerFinding & { kind: string };

function findings({ scans, pull_request }: CheckerInput, ofRule: (one: Found) => boolean): Fact[] {
  const found = scans
    .filter((scan) => scan.sha === pull_request.head_sha)
    .flatMap(({ kind, findings }) => findings.map((one) => ({ ...one, kind })))
    .filter(ofRule);
  const total = (some: readonly Found[]) => some.reduce((sum, { count = 1 }) => sum + count, 0);
  const shown = found.slice(0, 20);
  const left = total(found) - total(shown);
  return [
    { name: "Findings", value: String(total(found)) },
    ...shown.map((one) => ({ name: one.rule, value: `${one.message}${standing(one)}` })),
    ...(left > 0 ? [{ name: "And", value: `${left} more; the input below has all of them` }] : []),
  ];
}

function standing({ state, waived, overdue, count }: Found): string {
  const words = [
    ...(count === undefined ? [] : [`${count} alike`]),
    ...(state === "unchanged" ? ["the base branch has it as well"] : []),
    ...(overdue ? ["known for too long"] : []),
    ...(waived ? ["waived"] : []),
  ];
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
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

function previewed({ config, preview }: CheckerInput): Fact[] {
  const required = { name: "Required", value: yesNo(config.preview?.required ?? false) };
  if (!preview) return [required, { name: "Preview", value: "none asked for" }];
  return [
    required,
    { name: "Concerned by the changed files", value: yesNo(preview.concerned) },
    { name: "Preview", value: preview.reason === "" ? preview.state : `${preview.state}: ${preview.reason}` },
    ...(preview.state === "sleeping" ? [{ name: "Healthy before it slept", value: yesNo(preview.was_healthy) }] : []),
  ];
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
