import { escapeMarkdown, inlineCode } from "../model/markdown.ts";
import type { Decision, Denial, GateState, Waiting } from "../model/verdict.ts";
import { checkState, gateState, worse } from "./gate-state.ts";

/** What one pull request says about a commit. */
export interface GateVote {
  number: number;
  baseRef: string;
  /** Absent while nothing was decided, with the reason in `undecided`. */
  decision?: Decision;
  undecided?: string;
  /** The decision is an earlier one, about the same facts under the same policy; why the checker could not be asked now. */
  checkerAway?: string;
  /** Rules that the policy lets somebody override, with what they must be. */
  overridable: { rule: string; permission: string }[];
  /** This is the vote of a merge group (its `number` is 0) with these pull requests, each judged at its own head. */
  members?: GroupMember[];
}

export interface GroupMember {
  number: number;
  headSha: string;
  outcome: GateState;
  /** Absent while nothing was decided about it. */
  decision?: Decision;
}

export interface GateContent {
  state: ReturnType<typeof checkState>;
  outcome: GateState;
  title: string;
  summary: string;
  text: string;
}

/** GitHub's limit for `title` is 255 characters in the interface; one line reads best below 120. */
const TITLE_MAX = 120;

/** The state of one vote; without a decision it is unknown. */
export function voteState(vote: GateVote): GateState {
  return vote.decision ? gateState(vote.decision.verdict) : "unknown";
}

/** `hms/gate` of one commit: the worst over all votes, explained so that it stands alone. */
export function gateContent(sha: string, votes: GateVote[], mode: "enforce" | "shadow" = "enforce"): GateContent {
  const outcome = votes
    .map(voteState)
    .reduce(worse, votes.length === 0 ? ("unknown" as GateState) : ("allow" as GateState));
  return {
    state: checkState(outcome),
    outcome,
    title: mode === "shadow" ? shadowTitle(outcome, votes) : title(outcome, votes),
    summary: [
      ...(mode === "shadow" ? [SHADOW] : []),
      lead(outcome, votes),
      ...votes.map((vote) => section(sha, vote, votes.length > 1)),
    ].join("\n\n"),
    text: bindings(votes),
  };
}

const SHADOW =
  "**Shadow mode: this check blocks nothing.** It says what `hms/gate` would say. To let it decide, set `gate.mode: enforce` in hms.yml and require `hms/gate`.";

/** Told apart from the gate's own at a glance. */
function shadowTitle(outcome: GateState, votes: GateVote[]): string {
  const said = title(outcome, votes);
  switch (outcome) {
    case "allow":
      return "Shadow: would be ready to merge";
    case "deny":
      return clip(`Shadow: would have blocked${said.replace(/^Blocked/, "")}`);
    case "waiting-on-people":
    case "waiting-on-machines":
      return clip(`Shadow: would be waiting${said.replace(/^Waiting/, "")}`);
    case "unknown":
      return clip(`Shadow: ${said.charAt(0).toLowerCase()}${said.slice(1)}`);
  }
}

function title(outcome: GateState, votes: GateVote[]): string {
  const denials = votes.flatMap((vote) => vote.decision?.verdict.deny ?? []);
  const waits = votes.flatMap((vote) => vote.decision?.verdict.waiting ?? []);
  const awaited =
    waits.length > 0 ? ` · waiting for ${[...new Set(waits.map((one) => one.whom ?? one.rule))].join(", ")}` : "";
  switch (outcome) {
    case "allow":
      return "Ready to merge";
    case "deny":
      return clip(`Blocked: ${denials.map((one) => one.message.replace(/\.$/, "")).join("; ")}${awaited}`);
    case "waiting-on-people":
      return clip(`Waiting: ${awaited.replace(" · waiting ", "") || "for people"}`);
    case "waiting-on-machines":
      return clip(
        `Waiting: ${waits
          .filter((one) => one.on === "machines")
          .map((one) => one.message.replace(/\.$/, ""))
          .join("; ")}`,
      );
    case "unknown":
      return clip(
        `Not decided yet: ${votes.find((vote) => vote.undecided)?.undecided ?? "no open pull request was read at this commit"}`,
      );
  }
}

function lead(outcome: GateState, votes: GateVote[]): string {
  const pulls = votes.filter((vote) => !vote.members).length;
  const several =
    pulls > 1 ? ` ${pulls} open pull requests share this commit; the strictest answer counts for all of them.` : "";
  switch (outcome) {
    case "allow":
      return `Every rule of the policy is met at this commit.${several}`;
    case "deny":
      return `The policy does not let this be merged. What to do stands beside each rule.${several}`;
    case "waiting-on-people":
      return `Nothing is wrong; somebody has to act first.${several}`;
    case "waiting-on-machines":
      return `Something still has to report. This check updates by itself.${several}`;
    case "unknown":
      return `This could not be decided, and what is not known is never green. It is tried again by itself.${several}`;
  }
}

function section(sha: string, vote: GateVote, named: boolean): string {
  const what = vote.members ? "Merge group" : `Pull request ${vote.number}`;
  const heading = named || vote.members ? `### ${what} into ${inlineCode(vote.baseRef)}\n\n` : "";
  if (!vote.decision) return `${heading}${escapeMarkdown(vote.undecided ?? "Not judged yet.")}`;
  const { deny, waiting, warn } = vote.decision.verdict;
  const parts: string[] = [];
  if (deny.length > 0 || waiting.length > 0) {
    parts.push(
      ["| | Rule | Why | What to do |", "|---|---|---|---|", ...deny.map(denialRow), ...waiting.map(waitingRow)].join(
        "\n",
      ),
    );
  }
  const lines = deny.flatMap((denial) => overrideLine(sha, denial, vote));
  if (lines.length > 0) {
    parts.push(
      `An override is a comment with this line, from someone who is neither the author nor the last to push, and where secrets were found from two such people; it ends with the next push:\n\n\`\`\`\n${lines.join("\n")}\n\`\`\``,
    );
  }
  if (warn.length > 0)
    parts.push(warn.map((one) => `- ${inlineCode(one.rule)}: ${escapeMarkdown(one.message)}`).join("\n"));
  if (parts.length === 0) parts.push("All rules are met.");
  if (vote.checkerAway !== undefined) {
    parts.push(
      `> The policy checker is away (${escapeMarkdown(vote.checkerAway)}). It decided this earlier, on exactly these facts and under the policy that it has as far as is known; that stands until a fact changes.`,
    );
  }
  if (vote.members) parts.push(membersTable(vote.members));
  return heading + parts.join("\n\n");
}

const MARKS: Record<GateState, string> = {
  allow: "✅ allowed",
  "waiting-on-people": "⏳ waiting for people",
  "waiting-on-machines": "⏳ waiting",
  unknown: "❔ not decided",
  deny: "❌ refused",
};

function membersTable(members: GroupMember[]): string {
  return [
    "Every pull request in the group, judged at its own head by its own scans; what the queue itself made of them is looked through for secrets:",
    "",
    "| Pull request | Head | |",
    "|---|---|---|",
    ...members.map(
      ({ number, headSha, outcome }) => `| #${number} | ${inlineCode(headSha.slice(0, 7))} | ${MARKS[outcome]} |`,
    ),
  ].join("\n");
}

function denialRow(denial: Denial): string {
  return `| ❌ | ${inlineCode(denial.rule)} | ${escapeMarkdown(denial.message)}${controls(denial)} | ${remedy(denial.remedy)} |`;
}

/** A policy of an organisation's own may name none. */
function controls({ controls: ids }: Denial): string {
  return ids.length === 0 ? "" : ` (controls: ${escapeMarkdown(ids.join(", "))})`;
}

/** A line to paste stays as it is to be pasted: escaping puts an unseen character into its SHA. */
function remedy(text: string): string {
  const [before = "", line, after = ""] = text.split(/(\/hms override [a-z0-9/-]+ [0-9a-f]{40} <reason>)/, 3);
  return escapeMarkdown(before) + (line === undefined ? "" : inlineCode(line) + escapeMarkdown(after));
}

function waitingRow(waiting: Waiting): string {
  const whom = waiting.whom ? `waiting for ${escapeMarkdown(waiting.whom)}` : "nothing: it is awaited";
  return `| ⏳ | ${inlineCode(waiting.rule)} | ${escapeMarkdown(waiting.message)} | ${whom} |`;
}

function overrideLine(sha: string, denial: Denial, vote: GateVote): string[] {
  const may = vote.overridable.find((one) => one.rule === denial.rule);
  return may ? [`/hms override ${denial.rule} ${sha} <reason>`] : [];
}

function bindings(votes: GateVote[]): string {
  const decided = votes.flatMap(({ decision, number, members = undefined }) => [
    { decision, about: members ? "merge group" : String(number) },
    ...(members ?? []).map((member) => ({ decision: member.decision, about: String(member.number) })),
  ]);
  const rows = decided.flatMap(({ decision, about }) =>
    decision
      ? [
          `| ${about} | ${inlineCode(decision.id)} | ${inlineCode(decision.bundleRevision.slice(0, 19))} | ${inlineCode(decision.inputDigest.slice(0, 19))} |`,
        ]
      : [],
  );
  if (rows.length === 0)
    return "Comment `/hms why` for the reasons, `/hms retry` to look again, `/hms help` for all commands.";
  return [
    "Comment `/hms why` for the reasons, `/hms retry` to look again, `/hms help` for all commands.",
    "",
    "| Pull request | Decision | Policy bundle | Input |",
    "|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** One line of whole characters: a title knows no Markdown, but a line break or a turned direction would show. */
function clip(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, " ").toWellFormed();
  return line.length <= TITLE_MAX ? line : `${line.slice(0, TITLE_MAX - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
