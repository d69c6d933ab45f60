import { z } from "zod";
import { readPattern } from "../model/path-pattern.ts";
import type { PreviewConfig } from "./preview.ts";
import { PREVIEW_ENFORCEABLE } from "./preview-merge.ts";
import { previewSchema } from "./preview-schema.ts";
import type { ScanConfig } from "./scan.ts";
import { SCAN_DEFAULTS, SCAN_ENFORCEABLE } from "./scan-merge.ts";
import { scanSchema } from "./scan-schema.ts";

/**
 * The schema of `.github/hms.yml`. It knows only what this version does: a key of a later version is refused, since to pass over it
 * would be to drop what its author asked for. No default stands in here; `DEFAULTS` has them, so that the organisation's file and the
 * repository's can be told apart when they are merged.
 */

export const PERMISSIONS = ["write", "maintain", "admin"] as const;

/** Keys that an organisation can keep repositories from weakening. */
export const ENFORCEABLE = [
  "scan.secrets.required",
  "scan.secrets.limits",
  "gate.mode",
  "gate.approvals.count",
  "gate.approvals.code_owners",
  "gate.approvals.paths",
  "gate.approvals.carry",
  "gate.approvals.bots",
  "gate.overrides",
  ...SCAN_ENFORCEABLE,
  ...PREVIEW_ENFORCEABLE,
] as const;

const limits = z
  .strictObject({
    file_size_mb: z.int().min(1).max(20).optional().meta({
      description: "Largest text of one file that is scanned, in MB. A larger file is a finding (`secrets/unscanned`).",
      default: 5,
    }),
    commit_size_mb: z.int().min(10).max(200).optional().meta({
      description: "Most text of one commit that is scanned, in MB. What lies beyond is a finding.",
      default: 50,
    }),
  })
  .meta({ description: "How much the scan looks at." });

const secrets = z
  .strictObject({
    tool: z
      .literal("secretlint")
      .optional()
      .meta({ description: "The scanner; it runs inside HMS-SYS.", default: "secretlint" }),
    required: z.boolean().optional().meta({
      description: "Whether the gate waits for this scan. The scan itself always runs.",
      default: true,
    }),
    limits: limits.optional(),
  })
  .meta({ description: "Looks for secrets in every commit of the pull request and in the commits' messages." });

const override = z.strictObject({
  rule: z
    .string()
    .regex(/^[a-z0-9]+(?:[-/][a-z0-9]+)*$/)
    .meta({ description: "The policy rule, as the gate's table names it: `no-critical-findings`." }),
  permission: z
    .enum(PERMISSIONS)
    .meta({ description: "What the person who overrides must at least be allowed to do in the repository." }),
  people: z.int().min(1).max(5).optional().meta({
    description:
      "How many people it takes, none of whom wrote or last pushed the commit; one unless given. Secrets take two at least.",
  }),
});

const bot = z.strictObject({
  app: z
    .string()
    .max(100)
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
    .meta({ description: "The App's name in its address: `dependabot`, `renovate`." }),
  count: z.int().min(0).max(20).meta({ description: "How many approvals, in place of `gate.approvals.count`." }),
});

const pathRule = z
  .strictObject({
    paths: z
      .array(
        z.string().refine((text) => readPattern(text) !== undefined, {
          error: "this is no pattern that can be read: no `!`, no `[…]`, and `\\` only before a blank",
        }),
      )
      .min(1)
      .max(100)
      .meta({ description: "Patterns of files as in CODEOWNERS: `/infra/`, `*.tf`." }),
    teams: z
      .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,99}\/[A-Za-z0-9_.-]{1,100}$/))
      .max(20)
      .optional()
      .meta({ description: "Teams, any of whose members will do: `acme/sre`." }),
    users: z
      .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/))
      .max(20)
      .optional()
      .meta({ description: "Logins of people who will do as well." }),
    count: z.int().min(1).max(20).optional().meta({ description: "How many of them must have approved." }),
  })
  .refine(({ teams = [], users = [] }) => teams.length + users.length > 0, {
    error: "a rule for paths names at least one of `teams` and `users`",
  });

const approvals = z
  .strictObject({
    count: z.int().min(0).max(20).optional().meta({
      description: "How many people with write access must have approved the head commit.",
      default: 0,
    }),
    carry: z.enum(["content-neutral", "never"]).optional().meta({
      description:
        "Whether an approval outlives an update of the branch that is proven to leave the proposed change as it was.",
      default: "content-neutral",
    }),
    bots: z.array(bot).max(20).optional().meta({
      description: "Numbers of approvals for pull requests of one commit that an App opened and pushed itself.",
      default: [],
    }),
    code_owners: z.boolean().optional().meta({
      description: "Whether an owner of every changed file must have approved, as CODEOWNERS names them.",
      default: false,
    }),
    paths: z.array(pathRule).max(100).optional().meta({
      description: "Whose approval changes of certain files need besides.",
      default: [],
    }),
  })
  .meta({ description: "Reviews that the gate waits for." });

const gate = z
  .strictObject({
    mode: z.enum(["enforce", "shadow"]).optional().meta({
      description:
        "`enforce` writes the check `hms/gate`; `shadow` writes `hms/gate-shadow` instead and blocks nothing.",
      default: "enforce",
    }),
    approvals: approvals.optional(),
    overrides: z.array(override).max(50).optional().meta({
      description:
        "Rules that a person may override for one commit, and who may. A rule that is not listed cannot be overridden.",
      default: [],
    }),
    report_bypasses: z.boolean().optional().meta({
      description:
        "Whether a pull request that was merged although the gate had not let it through gets a comment that says so. The ledger has it either way.",
      default: true,
    }),
  })
  .meta({ description: "The check that GitHub requires." });

const organisation = z
  .strictObject({
    enforce: z.array(z.enum(ENFORCEABLE)).max(ENFORCEABLE.length).optional().meta({
      description: "Keys that a repository's own file may make stricter, never weaker.",
      default: [],
    }),
  })
  .meta({ description: "Only in the organisation's file: `.github/hms.yml` of its `.github` repository." });

export const hmsFileSchema = z
  .strictObject({
    version: z.literal(1).meta({ description: "Version of this file's format. Always 1." }),
    scan: z
      .strictObject({ secrets: secrets.optional(), ...scanSchema })
      .optional()
      .meta({ description: "What is scanned." }),
    gate: gate.optional(),
    preview: previewSchema.optional(),
    organisation: organisation.optional(),
  })
  .meta({ description: "Configuration of HMS-SYS, read from the default branch." });

/** One file as it was written, without defaults. */
export type HmsFile = z.infer<typeof hmsFileSchema>;
export type EnforceableKey = (typeof ENFORCEABLE)[number];

/** Keys of later versions, to say so instead of "unknown". */
export const LATER_KEYS: Readonly<Record<string, readonly string[]>> = {
  "": ["promotion", "agents", "notifications"],
  gate: ["merge_queue"],
};

/** The configuration in force, complete. */
export interface HmsConfig {
  scan: {
    secrets: { tool: "secretlint"; required: boolean; limits: { fileSizeMb: number; commitSizeMb: number } };
  } & ScanConfig;
  gate: {
    mode: "enforce" | "shadow";
    approvals: {
      count: number;
      codeOwners: boolean;
      paths: { paths: string[]; teams: string[]; users: string[]; count: number }[];
      carry: "content-neutral" | "never";
      bots: { app: string; count: number }[];
    };
    /** `people`: absent: one. */
    overrides: { rule: string; permission: (typeof PERMISSIONS)[number]; people?: number }[];
    reportBypasses: boolean;
  };
  /** Undefined: no file names a component. */
  preview: PreviewConfig | undefined;
}

/**
 * What holds where no file says otherwise: the secret scan is required, nothing can be overridden, and no approvals are asked for, as
 * GitHub's own rules do that and a lone maintainer could never merge.
 */
export const DEFAULTS: HmsConfig = {
  scan: {
    secrets: { tool: "secretlint", required: true, limits: { fileSizeMb: 5, commitSizeMb: 50 } },
    ...SCAN_DEFAULTS,
  },
  gate: {
    mode: "enforce",
    approvals: { count: 0, codeOwners: false, paths: [], carry: "content-neutral", bots: [] },
    overrides: [],
    reportBypasses: true,
  },
  preview: undefined,
};
