import { z } from "zod";
import { SEVERITIES } from "../model/finding.ts";
import { readPattern } from "../model/path-pattern.ts";
import type { DispatchedKind } from "../model/scan-kind.ts";
import { parseDurationMs } from "./duration.ts";

/*
 * The keys under `scan` of hms.yml but for `secrets`. What stands in them becomes an input of a workflow, so every text is held to the letters
 * that its place can take.
 */

const MINUTE_MS = 60_000;
/** GitHub ends a job after six hours, https://docs.github.com/en/actions/reference/limits. */
const LONGEST_TIMEOUT_MS = 6 * 60 * MINUTE_MS;
const LONGEST_GRACE_MS = 365 * 24 * 60 * MINUTE_MS;
const NO_DEBT = { error: "this is neither `ignore` nor `block` nor a time from `1m` to `365d`" };

/** The tools of each kind, the first one where no file names another. `sarif`: the workflow makes the file itself. */
export const SCAN_TOOLS = {
  sast: ["semgrep", "sarif"],
  leaks: ["gitleaks", "sarif"],
  dependencies: ["osv-scanner", "trivy", "sarif"],
  iac: ["checkov", "trivy", "sarif"],
  image: ["trivy", "sarif"],
  dast: ["wapiti", "zap", "sarif"],
  quality: ["sonarqube", "sarif"],
} as const satisfies Record<DispatchedKind, readonly [string, ...string[]]>;

function within(leastMs: number, mostMs: number): (text: string) => boolean {
  return (text) => {
    const ms = parseDurationMs(text);
    return ms !== undefined && ms >= leastMs && ms <= mostMs;
  };
}

const paths = z
  .array(
    z.string().refine((text) => readPattern(text) !== undefined, {
      error: "this is no pattern that can be read: no `!`, no `[…]`, and `\\` only before a blank",
    }),
  )
  .min(1)
  .max(100);

function scan<K extends DispatchedKind>(kind: K) {
  return {
    tool: z
      .enum(SCAN_TOOLS[kind])
      .optional()
      .meta({ description: `The scanner; ${SCAN_TOOLS[kind][0]} unless given.` }),
    required: z.boolean().optional().meta({ description: "Whether the gate waits for this scan; true unless given." }),
    paths: paths.optional().meta({
      description:
        "Patterns of files as in CODEOWNERS: the scan is made, and asked for, where the pull request changes one of them; always unless given.",
    }),
    fail_on: z
      .array(z.enum(SEVERITIES))
      .max(SEVERITIES.length)
      .optional()
      .meta({ description: "Severities of new findings that block; critical and high unless given." }),
    old_debt: z
      .union([z.enum(["ignore", "block"]), z.string().refine(within(MINUTE_MS, LONGEST_GRACE_MS), NO_DEBT)], NO_DEBT)
      .optional()
      .meta({
        description:
          "Findings that the base branch has as well: `ignore`, `block`, or after how long of being known they block, `30d`.",
      }),
    timeout: z
      .string()
      .refine(within(MINUTE_MS, LONGEST_TIMEOUT_MS), { error: "this is no time from `1m` to `6h`" })
      .optional()
      .meta({ description: "After how long without a report the scan counts as timed out; 30m unless given." }),
  };
}

const runsOn = z
  .enum(["actions", "cluster"])
  .optional()
  .meta({ description: "Where it runs: a workflow, or a Job on the preview's cluster; actions unless given." });

export const scanSchema = {
  sast: z.strictObject(scan("sast")).optional().meta({ description: "Reads the source for flaws." }),
  leaks: z.strictObject(scan("leaks")).optional().meta({ description: "Looks for secrets in every commit." }),
  dependencies: z
    .strictObject(scan("dependencies"))
    .optional()
    .meta({ description: "Looks for known flaws in dependencies." }),
  iac: z.strictObject(scan("iac")).optional().meta({ description: "Reads the description of infrastructure." }),
  image: z
    .strictObject({
      ...scan("image"),
      image: z
        .string()
        .max(300)
        .regex(/^[a-z0-9][A-Za-z0-9./:@_-]*(?:\{\{head_sha\}\}[A-Za-z0-9._-]*)?$/, "this is no reference of an image")
        .optional()
        .meta({ description: "The image of a commit, `ghcr.io/acme/web:{{head_sha}}`." }),
      runs_on: runsOn,
    })
    .optional()
    .meta({ description: "Looks into the image." }),
  dast: z
    .strictObject({
      ...scan("dast"),
      runs_on: runsOn,
    })
    .optional()
    .meta({ description: "Attacks the preview." }),
  quality: z
    .strictObject({
      ...scan("quality"),
      project: z
        .string()
        .regex(/^[A-Za-z0-9_.:-]{1,400}$/, "this is no key of a project")
        .optional()
        .meta({ description: "What the server calls the project." }),
    })
    .optional()
    .meta({ description: "Asks the server what it found." }),
  agents: z
    .strictObject({
      paths: paths.optional().meta({
        description:
          "Patterns of the files that configure agents; `agents/`, start-up configurations by their name and `.env.discovery` unless given.",
      }),
      mode: z
        .enum(["warn", "fail"])
        .optional()
        .meta({ description: "Whether what is wrong in them blocks; warn unless given." }),
    })
    .optional()
    .meta({ description: "Looks at the configuration of agents, inside HMS-SYS." }),
  waivers: z
    .string()
    .regex(/^\.github\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.ya?ml$/, "this is no YAML file in `.github/`")
    .optional()
    .meta({ description: "File of the default branch with the waivers.", default: ".github/hms-waivers.yml" }),
  waiver_days: z.int().min(1).max(366).optional().meta({
    description: "How many days ahead a waiver may expire. One that expires later does not count.",
    default: 180,
  }),
  code_scanning: z
    .boolean()
    .optional()
    .meta({ description: "Whether results are also uploaded to GitHub code scanning.", default: false }),
};

const file = z.strictObject(scanSchema);
/** What one file says of scans, without defaults. */
export type ScanFile = z.infer<typeof file>;
