import { z } from "zod";
import { SEVERITIES } from "../../model/finding.ts";
import { FINDING_STATES } from "../../model/listed-finding.ts";
import { SCAN_KINDS } from "../../model/scan-kind.ts";
import { problem } from "../problem.ts";
import type { ViewDeps } from "../views/deps.ts";
import { findingRows } from "../views/finding-rows.ts";
import { findingView } from "../views/finding-view.ts";
import { pullScans } from "../views/scans-view.ts";
import { waiverBlock } from "../views/waiver-block.ts";
import { waiversView } from "../views/waivers-view.ts";
import { findingCursor, readFindingCursor } from "./cursor.ts";
import { type Operation, operation } from "./operation.ts";
import { given } from "./pulls.ts";
import { ms, number, owner, pageOf, paging, repository } from "./schemas.ts";

const kind = z.enum(SCAN_KINDS);
const severity = z.enum(SEVERITIES);
const state = z.enum(FINDING_STATES);
const sha = z.string().describe("Full commit SHA.");
const day = z.string().describe("ISO date, UTC: the last day on which it counts.");
const line = z.int().optional().describe("1-based.");
const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("Stays the same when lines move: 64 hexadecimal digits.");
const waiver = z.strictObject({ reason: z.string(), owner: z.string(), until: day, line });

const row = z.strictObject({
  installationId: z.int(),
  repositoryId: z.int(),
  owner: z.string(),
  repository: z.string(),
  kind,
  rule: z.string(),
  severity,
  state: state.describe("What counts most of what it is to its pull requests."),
  message: z.string().describe("Out of a tool's report: somebody else's text."),
  path: z.string().optional(),
  line,
  sha: sha.describe("The commit at which it stands at that line."),
  url: z.string().optional().describe("The line on GitHub."),
  tool: z.string().optional(),
  fingerprint: z.string(),
  sinceMs: ms.describe("Since when it is known, ms since the epoch."),
  waiver: waiver.optional(),
  wouldBeWaived: z.literal(true).optional().describe("A waiver is proposed; it does not count yet."),
  onChangedLine: z.literal(true).optional().describe("It stands on a line that its pull request changes."),
  pulls: z
    .array(z.strictObject({ number: z.int(), state, url: z.string() }))
    .describe("The first open pull requests that have it."),
  pullCount: z.int().describe("How many have it."),
});

const block = z
  .strictObject({
    issue: z.string(),
    solution: z.string(),
    steps: z.array(z.string()),
    tests: z.array(z.string()),
    rollback: z.string(),
    dependencies: z.array(z.string()),
    risks: z.string(),
    success: z.string(),
  })
  .describe("How to mend it, step by step, where the scan knows.");

const plan = z.strictObject({
  waves: z.array(
    z.strictObject({
      number: z.int(),
      tasks: z.array(
        z.strictObject({
          id: z.string(),
          rule: z.string(),
          path: z.string(),
          findings: z.int(),
          score: z.number(),
          restart: z.boolean(),
          after: z.array(z.strictObject({ task: z.string(), because: z.string() })),
        }),
      ),
    }),
  ),
  notes: z.array(z.string()),
});

const event = z.strictObject({
  atMs: ms,
  number: z.int(),
  sha,
  what: z.enum(["found", "gone", "fixed", "waived", "counts-again", "overdue"]),
  waiver: waiver.optional(),
});

const scan = z.strictObject({
  kind,
  status: z.enum(["completed", "running", "unknown"]).describe("Only `completed` says anything of the code."),
  reason: z.string().optional(),
  phase: z.enum(["queued", "running"]).optional(),
  cause: z.enum(["failed", "timed-out", "not-installed", "cancelled"]).optional(),
  url: z.string().optional().describe("Its run on GitHub."),
  tool: z.string().optional(),
  requestedAtMs: ms.optional(),
  reportedAtMs: ms.optional(),
  sha: sha.optional().describe("What the counts are about: an earlier commit while the head is being scanned."),
  counts: z.array(z.strictObject({ state, severity, findings: z.int() })),
  notes: z.array(z.string()),
  waiverNotes: z.array(z.string()),
  refused: z
    .array(z.strictObject({ why: z.string(), reports: z.int() }))
    .describe("Reports about the head that were not taken."),
  plan: plan.optional(),
});

const waiverRow = z.strictObject({
  state: z.enum(["in-use", "unused", "expired", "too-long"]),
  fingerprint: z.string().optional(),
  rule: z.string().optional(),
  path: z.string().optional(),
  reason: z.string(),
  owner: z.string(),
  expires: day,
  line: z.int(),
  findings: z.int().describe("Findings of open pull requests that it covers."),
  pulls: z.array(z.int()),
});

/** What scans found. */
export function findingOperations(deps: ViewDeps): Operation[] {
  return [
    operation({
      method: "GET",
      path: "/findings",
      access: "reader",
      summary: "Findings of open pull requests, the worst first.",
      description:
        "The same finding in several pull requests is one entry. A page may have fewer entries than `limit`, or none, although there is a `next`: then only so much was looked through.",
      cost: 5,
      query: z.strictObject({
        owner: owner.optional(),
        repository: repository.optional(),
        kind: kind.optional(),
        severity: severity.optional(),
        state: z
          .enum([...FINDING_STATES, "suppression"])
          .optional()
          .describe("Unless given, all that stands at the heads, which leaves out `fixed`."),
        pull: number.optional().describe("Number of the pull request."),
        text: z.string().max(200).optional().describe("Part of the rule or the path, or how the fingerprint begins."),
        ...paging,
        cursor: z.string().max(4_000).optional().describe("As the page before gave it in `next`."),
      }),
      answer: pageOf(row),
      problems: ["cursor-refused"],
      async handle({ viewer, query: { cursor, ...filter } }) {
        const after = cursor === undefined ? undefined : readFindingCursor(cursor);
        if (cursor !== undefined && after === undefined) return problem("cursor-refused");
        const { rows, next } = await findingRows(deps, viewer, { ...given(filter), ...given({ after }) });
        return { items: rows, ...(next === undefined ? {} : { next: findingCursor(next) }) };
      },
    }),
    operation({
      method: "GET",
      path: "/findings/:owner/:repository/:fingerprint",
      access: "reader",
      summary: "One finding: how to mend it, where it stands, what became of it, and a waiver to paste.",
      params: z.strictObject({ owner, repository, fingerprint }),
      cost: 10,
      answer: z.strictObject({
        row,
        standing: z.boolean().describe("Whether it stands at the head of an open pull request."),
        remedy: z.string(),
        block: block.optional(),
        places: z.array(
          z.strictObject({ number: z.int(), sha, path: z.string().optional(), line, url: z.string().optional() }),
        ),
        history: z.array(event).describe("Oldest first."),
        overrides: z
          .array(
            z.strictObject({
              number: z.int(),
              rule: z.string(),
              by: z.string(),
              reason: z.string(),
              sha,
              atMs: ms,
            }),
          )
          .describe("Of rules that speak of it, in its pull requests."),
        mergedWith: z.array(z.int()).describe("Pull requests that were merged although they had it."),
        waiversPath: z.string(),
        proposedUntil: day,
        waiver: z.string().describe("YAML below `waivers:` of that file, for this finding alone."),
      }),
      async handle({ viewer, params }) {
        const view = await findingView(deps, viewer, params.owner, params.repository, params.fingerprint);
        return view ? { ...view, waiver: waiverBlock(view, viewer.login) } : problem("not-found");
      },
    }),
    operation({
      method: "GET",
      path: "/waivers",
      access: "reader",
      summary: "Waivers by repository, as they were last read: what they cover, unused and expired ones.",
      query: z.strictObject({ owner: owner.optional(), repository: repository.optional() }),
      cost: 5,
      answer: z.strictObject({
        items: z.array(
          z.strictObject({
            installationId: z.int(),
            repositoryId: z.int(),
            owner: z.string(),
            repository: z.string(),
            defaultBranch: z.string(),
            path: z.string(),
            readAtMs: ms,
            daysMax: z.number(),
            waivers: z.array(waiverRow),
            broken: z
              .array(z.strictObject({ line: z.int(), column: z.int(), message: z.string() }))
              .optional()
              .describe("What is wrong with the file: then no waiver counts."),
          }),
        ),
      }),
      async handle({ viewer, query }) {
        return { items: await waiversView(deps, viewer, given(query)) };
      },
    }),
    operation({
      method: "GET",
      path: "/pulls/:owner/:repository/:number/scans",
      access: "reader",
      summary: "The scans of one pull request: how each stands, what it found, who reported in vain.",
      params: z.strictObject({ owner, repository, number }),
      answer: z.strictObject({
        pull: z.strictObject({
          installationId: z.int(),
          repositoryId: z.int(),
          owner: z.string(),
          repository: z.string(),
          number: z.int(),
          headSha: sha,
        }),
        title: z.string(),
        scans: z.array(scan),
      }),
      async handle({ viewer, params }) {
        const found = await pullScans(deps, viewer, params.owner, params.repository, params.number);
        return found ?? problem("not-found");
      },
    }),
  ];
}
