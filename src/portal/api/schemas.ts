import { z } from "zod";

/** What the answers of the API are made of: the published names and meanings. Strict, so that a test sees what is told beyond them. */

export const STATES = ["allow", "waiting-on-people", "waiting-on-machines", "unknown", "deny"] as const;

export const ms = z.number().describe("Milliseconds since the epoch.");
const sha = z.string().describe("Full commit SHA.");
const digest = z.string().describe("sha256:<hex>");

export const state = z.enum(STATES);

export const place = z
  .strictObject({ stream: z.string(), sequence: z.int().positive() })
  .describe("Where an entry of the ledger stands for good.");

export const verdict = z.strictObject({
  allow: z.boolean(),
  deny: z.array(
    z.strictObject({ rule: z.string(), message: z.string(), remedy: z.string(), controls: z.array(z.string()) }),
  ),
  waiting: z.array(
    z.strictObject({
      rule: z.string(),
      message: z.string(),
      on: z.enum(["people", "machines"]),
      whom: z.string().optional(),
    }),
  ),
  warn: z.array(z.strictObject({ rule: z.string(), message: z.string() })),
  validUntilMs: ms.optional(),
});

/** The facts of some release: their shape is `hms.checker/v1` as that release wrote it. */
export const facts = z.unknown().meta({ type: "object", description: "The checker's input, hms.checker/v1." });

export const pullRow = z.strictObject({
  installationId: z.int(),
  repositoryId: z.int(),
  owner: z.string(),
  repository: z.string(),
  number: z.int(),
  title: z.string(),
  author: z.string(),
  url: z.string(),
  baseRef: z.string(),
  headSha: sha,
  draft: z.boolean(),
  fork: z.boolean(),
  open: z.boolean(),
  merged: z.boolean(),
  state: state.describe("What the head's gate shows."),
  mode: z.enum(["enforce", "shadow"]),
  gateTitle: z.string(),
  awaited: z.array(z.string()).describe("People, teams, or rules that wait on machines."),
  decisionId: z.string().optional(),
  readAtMs: ms,
});

export const ledgerEntry = z.strictObject({
  stream: z.string(),
  sequence: z.int().positive(),
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  atMs: ms,
  data: z.record(z.string(), z.unknown()),
  bodyDigest: digest.nullable(),
  previousHash: z.string(),
  hash: z.string().describe("SHA-256 over the canonical JSON (RFC 8785) of everything else in the entry."),
});

export const decisionRow = z.strictObject({
  id: z.string(),
  atMs: ms,
  installationId: z.int(),
  repositoryId: z.int(),
  owner: z.string(),
  repository: z.string(),
  subject: z.string(),
  number: z.int().optional(),
  sha,
  bundleRevision: z.string(),
  inputDigest: digest,
  outcome: state,
  rules: z.array(z.string()).describe("Rules that denied."),
  waiting: z.array(z.string()).describe("Rules that waited."),
  place,
});

const integrity = z
  .enum(["holds", "erased", "broken"])
  .describe("Whether the stored facts are the ones that were judged, by their digest.");

export const decisionView = decisionRow.extend({
  integrity,
  input: facts.optional(),
  verdict: verdict.optional(),
  sameBundle: z.boolean().describe("The policy in force is the one that decided."),
});

export const pullView = z.strictObject({
  row: pullRow,
  decision: z
    .strictObject({ id: z.string(), sha, bundleRevision: z.string(), inputDigest: digest, verdict, atMs: ms })
    .optional(),
  undecided: z.string().optional(),
  input: facts.optional(),
  integrity: integrity.optional(),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      status: z.string(),
      conclusion: z.string().optional(),
      title: z.string(),
      atMs: ms,
    }),
  ),
  hold: z.strictObject({ by: z.string(), reason: z.string() }).nullable(),
  overrides: z.array(z.strictObject({ rule: z.string(), by: z.string(), reason: z.string() })),
  okToTest: z.strictObject({ by: z.string() }).nullable(),
  preview: z.strictObject({ state: z.string(), unknown: z.string().optional() }).optional(),
  timeline: z.array(ledgerEntry),
});

const judged = z.strictObject({ outcome: state, verdict, bundleRevision: z.string() });

export const replayed = z.strictObject({
  kind: z.literal("judged"),
  id: z.string(),
  before: judged,
  after: judged,
  same: z.boolean().describe("Both verdicts are the same, word for word."),
  sameBundle: z.boolean(),
  inputDigest: digest,
  edited: z.boolean(),
});

const side = z.strictObject({ total: z.int(), blocked: z.int(), freed: z.int() });

export const whatIfReport = z.strictObject({
  kind: z.literal("answered"),
  bundleRevision: z.string().optional(),
  sinceMs: ms,
  judged: z.int(),
  merges: side.describe("Of pull requests that were merged: blocked were let through and would not have been."),
  open: side.describe("Of pull requests that are open."),
  unjudgedMerges: z.int(),
  withoutFacts: z.int(),
  undecided: z.int(),
  truncated: z.boolean(),
  changes: z.array(
    z.strictObject({
      decision: decisionRow,
      title: z.string(),
      mergedAtMs: ms.optional(),
      from: state,
      to: state,
      rules: z.array(z.strictObject({ rule: z.string(), message: z.string() })),
    }),
  ),
});

export const installation = z.strictObject({
  id: z.int(),
  owner: z.string().describe("Empty where the App was removed before it was looked at."),
  repositories: z.int().describe("Those that you see."),
  operated: z
    .strictObject({
      status: z.enum(["active", "not-looked-at", "permissions-lacking", "suspended", "quarantined", "uninstalled"]),
      sinceMs: ms.optional(),
      lacking: z.array(z.string()).describe("Permissions that its owner has not granted, as `checks: write`."),
      next: z.string().optional().describe("What to do; absent where there is nothing to do."),
      missing: z
        .array(
          z.strictObject({
            id: z.int(),
            name: z.string(),
            status: z.enum(["unlisted", "deleted", "removed", "transferred"]),
            sinceMs: ms,
          }),
        )
        .describe("Repositories that it lists no more. `unlisted`: why is not proven yet."),
      limits: z
        .strictObject({
          points: z.number().describe("Of the last minute, of GitHub's 900."),
          concurrent: z.int().describe("Calls under way."),
          quota: z
            .strictObject({ limit: z.int(), remaining: z.int(), resetAtMs: ms })
            .optional()
            .describe("Of the hour, as GitHub last said; absent once it was renewed since then."),
          closedUntilMs: ms.optional().describe("GitHub asked to stay away until then."),
        })
        .optional()
        .describe("Absent while GitHub was not called since the start."),
      pausedUntilMs: ms.optional().describe("Nothing of it is worked on until then, unless it is found active before."),
    })
    .optional()
    .describe("For whoever operates its owner."),
});

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({
    items: z.array(item),
    next: z.string().optional().describe("The cursor of the following page; absent on the last one."),
  });
}

/** Parameters that every list has. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe("Entries of a page."),
  cursor: z.string().max(500).optional().describe("As the page before gave it in `next`."),
};

export const owner = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,100}$/)
  .describe("The account's login, without regard to case.");
export const repository = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,100}$/)
  .describe("The repository's name, without regard to case.");
export const number = z.coerce.number().int().min(1).max(2_147_483_647);
export const since = z.coerce.number().min(0).optional().describe("Not earlier, ms since the epoch.");
export const until = z.coerce.number().min(0).optional().describe("Earlier, ms since the epoch.");
