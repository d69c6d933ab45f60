import type {
  CheckerConfig,
  CheckerFinding,
  CheckerInput,
  CheckerScan,
  RequiredReview,
} from "../../src/model/checker-input.ts";
import type { Severity } from "../../src/model/finding.ts";
import type { Permission } from "../../src/model/pull-request.ts";

export const HEAD = "a".repeat(40);
export const OLD = "b".repeat(40);

/** A change to {@link mergeableInput}, one level deep for the pull request and the configuration. */
export interface InputChange extends Partial<Omit<CheckerInput, "pull_request" | "config">> {
  pull_request?: Partial<CheckerInput["pull_request"]>;
  config?: Partial<Omit<CheckerConfig, "approvals">> & { approvals?: Partial<CheckerConfig["approvals"]> };
}

const PEOPLE = [
  "nobody",
  "ada",
  "grace",
  "barbara",
  "edsger",
  "helper[bot]",
  "mallory",
  "dependabot[bot]",
  "x",
  "renamed",
];

/** The id of each account of the corpus, however its login is written. */
export function idOf(login: string): number {
  const id = PEOPLE.indexOf(login.toLowerCase());
  if (id < 0) throw new Error(`nobody of the corpus is called ${login}`);
  return id;
}

/** A pull request by `ada`, last pushed by `ada`, that the default policy lets through; changed as the test asks. */
export function mergeableInput(change: InputChange = {}): CheckerInput {
  const input: CheckerInput = {
    schema: "hms.checker/v1",
    point: "merge",
    repository: { id: 7, owner: "acme", name: "shop", default_branch: "main" },
    pull_request: {
      number: 12,
      head_sha: HEAD,
      base: "main",
      fork: false,
      draft: false,
      author: { id: idOf("ada"), login: "ada", type: "User", association: "MEMBER" },
      last_pusher: "ada",
      last_pusher_id: idOf("ada"),
      labels: [],
      commits: 1,
      changed_files: ["src/cart.ts"],
      touches_trusted_paths: [],
    },
    approvals: [approval("grace")],
    required_reviews: [],
    scans: [scan("secrets")],
    hold: null,
    overrides: [],
    ok_to_test: null,
    preview: null,
    unknown: [],
    config: {
      valid: true,
      required_scans: ["secrets"],
      approvals: { count: 1, carry: "content-neutral", bots: [] },
      overrides: [
        { rule: "no-critical-findings", permission: "admin" },
        { rule: "no-high-findings", permission: "maintain" },
      ],
      preview: { required: false },
    },
  };
  return {
    ...input,
    ...change,
    pull_request: { ...input.pull_request, ...pusherId(change.pull_request?.last_pusher), ...change.pull_request },
    config: {
      ...input.config,
      ...change.config,
      approvals: { ...input.config.approvals, ...change.config?.approvals },
    },
  };
}

function pusherId(login: string | null | undefined): { last_pusher_id?: number | null } {
  return login === undefined ? {} : { last_pusher_id: login === null ? null : idOf(login) };
}

/** A command by `grace`, who has write access and is neither author nor last pusher; changed as the test asks. */
export function commandInput(
  verb: string,
  command: Partial<Omit<NonNullable<CheckerInput["command"]>, "sender">> = {},
  sender: Partial<NonNullable<CheckerInput["command"]>["sender"]> = {},
  change: InputChange = {},
): CheckerInput {
  return mergeableInput({
    ...change,
    point: "command",
    command: {
      verb,
      ...command,
      sender: {
        id: idOf(sender.login ?? "grace"),
        login: "grace",
        permission: "write",
        is_author: false,
        is_last_pusher: false,
        ...sender,
      },
    },
  });
}

export function approval(login: string, permission: Permission = "write", sha = HEAD) {
  return { id: idOf(login), login, permission, sha };
}

/** An approval of an older commit that proposes the same change; by default ada pushed that one too. */
export function carried(login: string, permission: Permission = "write", pusher: string | null = "ada") {
  const by = { pusher, pusher_id: pusher === null ? null : idOf(pusher) };
  return { ...approval(login, permission, OLD), carried: by };
}

export function review(
  owners: string[],
  approvers: string[] | null,
  change: Partial<RequiredReview> = {},
): RequiredReview {
  return {
    rule: "code-owners",
    owners,
    count: 1,
    files: ["src/cart.ts"],
    ...(approvers === null
      ? { approvers, reason: "Line 3 of CODEOWNERS cannot be read." }
      : { approvers: approvers.map(idOf) }),
    ...change,
  };
}

export function scan(kind: string, findings: CheckerScan["findings"] = [], sha = HEAD): CheckerScan {
  return { kind, sha, status: "completed", findings };
}

export function finding(
  severity: Severity,
  rule = `secrets/${severity}-example`,
  change: Partial<CheckerFinding> = {},
): CheckerFinding {
  return { rule, severity, message: "Something was found.", fingerprint: "f".repeat(64), ...change };
}

export function override(by: string, permission: Permission = "admin", rule = "no-critical-findings", sha = HEAD) {
  return { rule, by, by_id: idOf(by), permission, sha, reason: "key was revoked" };
}
