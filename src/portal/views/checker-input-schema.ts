import { z } from "zod";

const permission = z.enum(["none", "read", "triage", "write", "maintain", "admin"]);
/**
 * Edited facts are judged by the policy in force, which goes through some lists once for each element of others: what people imagine must not
 * keep everybody's gate waiting. Facts that were read may be more, and stay so.
 */
const LIST_MAX = 100;
const EDITED_CHARACTERS_MAX = 256 * 1024;

const text = z.string().max(10_000);
const login = z.string().min(1).max(100);
const sha = z.string().regex(/^[0-9a-f]{40}$/, "must be a full commit SHA of 40 hexadecimal digits");
const count = z.int().nonnegative();
const id = z.int().nonnegative();

const scan = z.strictObject({
  kind: text,
  sha,
  status: z.enum(["completed", "running", "unknown"]),
  reason: text.optional(),
  findings: z
    .array(
      z.strictObject({
        rule: text,
        severity: z.enum(["critical", "high", "medium", "low", "note"]),
        message: text,
        fingerprint: text,
        state: z.enum(["new", "unchanged"]).optional(),
        waived: z.literal(true).optional(),
        overdue: z.literal(true).optional(),
        path: text.optional(),
        count: z.int().positive().optional(),
      }),
    )
    .max(2_000),
});

const scanRules = z
  .array(
    z.strictObject({
      kind: text,
      required: z.boolean(),
      fail_on: z.array(z.enum(["critical", "high", "medium", "low", "note"])).max(5),
      old_debt: z.enum(["ignore", "block"]),
    }),
  )
  .max(20);

const repository = z.strictObject({ id: z.int().positive(), owner: login, name: login, default_branch: text });

/** `hms.checker/v1` of a pull request or a command, as facts may be edited for a simulation. */
const checkerInput = z.strictObject({
  schema: z.literal("hms.checker/v1"),
  point: z.enum(["merge", "command"]),
  repository,
  pull_request: z.strictObject({
    number: z.int().positive(),
    head_sha: sha,
    base: text,
    fork: z.boolean(),
    draft: z.boolean(),
    author: z.strictObject({ id, login, type: text, association: text }),
    last_pusher: login.nullable(),
    last_pusher_id: id.nullable(),
    labels: z.array(text).max(1_000),
    commits: count,
    changed_files: z.array(text).max(10_000).nullable(),
    touches_trusted_paths: z.array(text).max(1_000).nullable(),
  }),
  approvals: z
    .array(
      z.strictObject({
        id,
        login,
        permission,
        sha,
        carried: z.strictObject({ pusher: login.nullable(), pusher_id: id.nullable() }).optional(),
      }),
    )
    .max(LIST_MAX),
  required_reviews: z
    .array(
      z.strictObject({
        rule: z.enum(["code-owners", "path-approvals"]),
        owners: z.array(text).max(LIST_MAX),
        count,
        files: z.array(text).max(10_000),
        approvers: z.array(id).max(LIST_MAX).nullable(),
        reason: text.optional(),
      }),
    )
    .max(LIST_MAX),
  scans: z.array(scan).max(20),
  hold: z.strictObject({ by: login, reason: text }).nullable(),
  overrides: z.array(z.strictObject({ rule: text, by: login, by_id: id, permission, sha, reason: text })).max(LIST_MAX),
  ok_to_test: z.strictObject({ by: login, permission, sha }).nullable(),
  preview: z
    .strictObject({
      state: z.enum([
        "disabled",
        "skipped",
        "blocked",
        "queued",
        "provisioning",
        "healthy",
        "degraded",
        "failed",
        "sleeping",
        "unknown",
      ]),
      reason: text,
      concerned: z.boolean(),
      was_healthy: z.boolean(),
    })
    .nullable()
    .optional(),
  unknown: z.array(text).max(1_000),
  config: z.strictObject({
    valid: z.boolean(),
    required_scans: z.array(text).max(20),
    approvals: z.strictObject({
      count,
      carry: z.enum(["content-neutral", "never"]),
      bots: z.array(z.strictObject({ app: text, count })).max(100),
    }),
    overrides: z
      .array(
        z.strictObject({
          rule: text,
          permission: z.enum(["write", "maintain", "admin"]),
          people: z.int().positive().max(100).optional(),
        }),
      )
      .max(LIST_MAX),
    scans: scanRules.optional(),
    preview: z.strictObject({ required: z.boolean() }).optional(),
  }),
  command: z
    .strictObject({
      verb: text,
      rule: text.optional(),
      sha: text.optional(),
      action: text.optional(),
      sender: z.strictObject({ id, login, permission, is_author: z.boolean(), is_last_pusher: z.boolean() }),
    })
    .optional(),
});

/** The same of a merge group. */
const mergeGroupInput = z.strictObject({
  schema: z.literal("hms.checker/v1"),
  point: z.literal("merge-group"),
  repository,
  group: z.strictObject({
    sha,
    base: text,
    members: z
      .array(
        z.strictObject({
          number: z.int().positive(),
          head_sha: sha,
          outcome: z.enum(["allow", "waiting-on-people", "waiting-on-machines", "unknown", "deny"]),
          rules: z.array(text).max(1_000),
          why: text,
        }),
      )
      .max(LIST_MAX),
    unexplained: z.array(text).max(1_000),
    overdue: z.boolean(),
  }),
  scans: z.array(scan).max(20),
  config: z.strictObject({
    valid: z.boolean(),
    required_scans: z.array(text).max(20),
    scans: scanRules.optional(),
  }),
});

/** Whatever the checker is asked about. */
export const checkerDocument = z.discriminatedUnion("point", [checkerInput, mergeGroupInput]);

/**
 * Why edited facts are none that could be judged; undefined when they could. Facts that a release before or after this one wrote may have another
 * shape: only what the edit made wrong counts.
 */
export function editRefusal(original: unknown, edited: unknown): string | undefined {
  const known = new Set(issuesOf(original).map(({ key }) => key));
  const issue = issuesOf(edited).find(({ key }) => !known.has(key));
  if (issue) return issue.text;
  const length = JSON.stringify(edited).length;
  if (length > EDITED_CHARACTERS_MAX && length > JSON.stringify(original).length)
    return `the edited facts have ${length} characters, and the limit is ${EDITED_CHARACTERS_MAX}`;
  const moved = IDENTITY.find((path) => at(original, path) !== at(edited, path));
  return moved === undefined ? undefined : `${moved} says what is judged and cannot be edited`;
}

/** What names the pull request at hand: with another one it would be a question about something else. */
const IDENTITY = ["schema", "point", "repository.id", "pull_request.number", "group.sha"];

function issuesOf(value: unknown): { key: string; text: string }[] {
  return (checkerDocument.safeParse(value).error?.issues ?? []).flatMap((issue) => {
    const path = issue.path.map(String);
    // One element of a list stands for all of them.
    const place = issue.path.map((part) => (typeof part === "number" ? "*" : String(part))).join(".");
    const names = issue.code === "unrecognized_keys" ? issue.keys : [""];
    return names.map((name) => ({
      key: `${place}:${issue.code}:${name}`,
      text: name
        ? `${[...path, name].join(".").slice(0, 200)} is not a fact that the checker is given`
        : `${path.join(".").slice(0, 200) || "the input"}: ${issue.message}`,
    }));
  });
}

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce((part: unknown, name) => (part as Record<string, unknown> | null)?.[name], value);
}
