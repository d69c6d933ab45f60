import type { PreviewConfig } from "./preview.ts";
import { overPreview, PREVIEW_DEFAULTS, PREVIEW_WEAKENED } from "./preview-merge.ts";
import { overScan, SCAN_WEAKENED } from "./scan-merge.ts";
import { DEFAULTS, type EnforceableKey, type HmsConfig, type HmsFile, PERMISSIONS } from "./schema.ts";

export type MergeResult =
  | { ok: true; config: HmsConfig }
  /** The repository's file weakens what the organisation enforces: one sentence each, with the key. */
  | { ok: false; problems: { path: string; message: string }[] };

/**
 * The repository's file over the organisation's over the defaults, key by key; a list replaces the list below it. For the keys under
 * the organisation's `organisation.enforce` the repository's value must be at least as strict as what holds without it.
 */
export function mergeConfig(organisation: HmsFile | undefined, repository: HmsFile | undefined): MergeResult {
  const base = over({ ...DEFAULTS, preview: PREVIEW_DEFAULTS }, organisation);
  const merged = over(base, repository);
  const problems: { path: string; message: string }[] = [...new Set(organisation?.organisation?.enforce ?? [])].flatMap(
    (key) => {
      const message = WEAKENED[key](base, merged);
      return message === undefined ? [] : [{ path: key, message: `the organisation enforces \`${key}\`: ${message}` }];
    },
  );
  const named = merged.preview.components.length > 0;
  if (!named && repository?.preview !== undefined && repository.preview.components === undefined) {
    problems.push({
      path: "preview.components",
      message: "`preview.components` is missing; `components: []` is for a repository without previews",
    });
  }
  const ceiling = organisation?.organisation?.enforce?.includes("preview.ttl")
    ? { extendMostMs: base.preview.ttlMs }
    : {};
  const config: HmsConfig = { ...merged, preview: named ? { ...merged.preview, ...ceiling } : undefined };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config };
}

/** With a preview that is complete but for its components. */
type Merged = HmsConfig & { preview: PreviewConfig };

function over(base: Merged, file: HmsFile | undefined): Merged {
  const secrets = file?.scan?.secrets;
  const gate = file?.gate;
  return {
    scan: {
      ...overScan(base.scan, file?.scan),
      secrets: {
        tool: secrets?.tool ?? base.scan.secrets.tool,
        required: secrets?.required ?? base.scan.secrets.required,
        limits: {
          fileSizeMb: secrets?.limits?.file_size_mb ?? base.scan.secrets.limits.fileSizeMb,
          commitSizeMb: secrets?.limits?.commit_size_mb ?? base.scan.secrets.limits.commitSizeMb,
        },
      },
    },
    gate: {
      mode: gate?.mode ?? base.gate.mode,
      approvals: {
        count: gate?.approvals?.count ?? base.gate.approvals.count,
        codeOwners: gate?.approvals?.code_owners ?? base.gate.approvals.codeOwners,
        paths:
          gate?.approvals?.paths?.map(({ paths, teams = [], users = [], count = 1 }) => ({
            paths,
            teams,
            users,
            count,
          })) ?? base.gate.approvals.paths,
        carry: gate?.approvals?.carry ?? base.gate.approvals.carry,
        bots: gate?.approvals?.bots ?? base.gate.approvals.bots,
      },
      overrides:
        gate?.overrides?.map(({ rule, permission, people = 1 }) => ({
          rule,
          permission,
          ...(people > 1 ? { people } : {}),
        })) ?? base.gate.overrides,
      reportBypasses: gate?.report_bypasses ?? base.gate.reportBypasses,
    },
    preview: overPreview(base.preview, file?.preview),
  };
}

type Comparison = (base: Merged, config: Merged) => string | undefined;

const WEAKENED: Record<EnforceableKey, Comparison> = {
  ...PREVIEW_WEAKENED,
  ...SCAN_WEAKENED,
  "scan.secrets.required": (base, config) =>
    base.scan.secrets.required && !config.scan.secrets.required ? "it must stay `true`" : undefined,
  "scan.secrets.limits": (base, config) => {
    const least = base.scan.secrets.limits;
    const mine = config.scan.secrets.limits;
    const weaker = mine.fileSizeMb < least.fileSizeMb || mine.commitSizeMb < least.commitSizeMb;
    return weaker
      ? `no limit may be below ${least.fileSizeMb} MB for a file and ${least.commitSizeMb} MB for a commit`
      : undefined;
  },
  "gate.mode": (base, config) =>
    base.gate.mode === "enforce" && config.gate.mode === "shadow" ? "it must stay `enforce`" : undefined,
  "gate.approvals.count": (base, config) => {
    if (config.gate.approvals.count < base.gate.approvals.count)
      return `it must be ${base.gate.approvals.count} or more`;
    const app = weakerBot(base, config);
    return app && `so the pull requests of \`${app}\` may not need fewer`;
  },
  "gate.approvals.code_owners": (base, config) =>
    base.gate.approvals.codeOwners && !config.gate.approvals.codeOwners ? "it must stay `true`" : undefined,
  "gate.approvals.paths": (base, config) => {
    const gone = base.gate.approvals.paths.find(
      (rule) => !config.gate.approvals.paths.some((own) => atLeastAsStrict(own, rule)),
    );
    return gone && `the rule for \`${gone.paths[0]}\` must stay, with as many approvals by the same people`;
  },
  "gate.approvals.carry": (base, config) =>
    base.gate.approvals.carry === "never" && config.gate.approvals.carry !== "never"
      ? "it must stay `never`"
      : undefined,
  "gate.approvals.bots": (base, config) => {
    const app = weakerBot(base, config);
    return app && `\`${app}\` may not need fewer approvals than without this file`;
  },
  "gate.overrides": (base, config) => {
    const least = new Map(base.gate.overrides.map((entry) => [entry.rule, entry]));
    const weaker = config.gate.overrides.find((entry) => {
      const needed = least.get(entry.rule);
      return (
        needed === undefined ||
        PERMISSIONS.indexOf(entry.permission) < PERMISSIONS.indexOf(needed.permission) ||
        (entry.people ?? 1) < (needed.people ?? 1)
      );
    });
    if (!weaker) return undefined;
    const needed = least.get(weaker.rule);
    if (!needed) return `\`${weaker.rule}\` may not be overridden`;
    const people = (needed.people ?? 1) > 1 ? ` by ${needed.people} people` : "";
    return `\`${weaker.rule}\` may be overridden${people} with the permission \`${needed.permission}\` at least`;
  },
};

type PathRule = HmsConfig["gate"]["approvals"]["paths"][number];

/** Holds for the same files at least, and takes as many approvals of people who would have done before. */
function atLeastAsStrict(own: PathRule, rule: PathRule): boolean {
  const within = (some: string[], all: string[]): boolean =>
    some.every((one) => all.some((other) => one.toLowerCase() === other.toLowerCase()));
  return (
    rule.paths.every((path) => own.paths.includes(path)) &&
    within(own.teams, rule.teams) &&
    within(own.users, rule.users) &&
    own.count >= rule.count
  );
}

/** An App whose pull requests need fewer approvals than they would without the repository's file. */
function weakerBot(base: HmsConfig, config: HmsConfig): string | undefined {
  const needed = ({ gate }: HmsConfig, app: string): number => {
    const own = gate.approvals.bots.filter((entry) => entry.app === app).map((entry) => entry.count);
    return own.length > 0 ? Math.max(...own) : gate.approvals.count;
  };
  const listed = [...base.gate.approvals.bots, ...config.gate.approvals.bots];
  return listed.find(({ app }) => needed(config, app) < needed(base, app))?.app;
}
