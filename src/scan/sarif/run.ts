import type { Finding } from "../../model/finding.ts";
import type { ScanKind } from "../../model/scan-kind.ts";
import type { Draft, RuleUse } from "./draft.ts";
import type { SarifArtifactLocation, SarifComponent, SarifNotification, SarifRule, SarifRun } from "./format.ts";
import { digest, normalisedMessage } from "./identity.ts";
import type { Notes } from "./notes.ts";
import { type Bases, locate } from "./path.ts";
import { type Place, ReportProblem } from "./problem.ts";
import { levelOf, scoreOf, severityOf, toolOf, worseLevel, worseScore } from "./severity.ts";
import { messageText, pageOf, plain, remedyOf, ruleName } from "./words.ts";

export interface RunContext {
  kind: ScanKind;
  sha: string;
  tool: string;
  notes: Notes;
}

/** A finding with its column, which only the numbering of equal ones needs. */
export interface Placed {
  finding: Finding;
  column: number;
}

interface KnownRule {
  rule: SarifRule | undefined;
  level: ReturnType<typeof levelOf>;
  score?: number;
  remedy: string;
}

/** Throws {@link ReportProblem} where a run says of itself that it is not the scan that was asked for, or not a whole one. */
export function checkRun(
  run: SarifRun & { externalPropertyFileReferences?: object },
  place: Place,
  context: RunContext,
): void {
  const { name } = run.tool.driver;
  const asked = context.tool;
  if (asked !== "sarif" && toolOf(name) !== asked && name.toLowerCase() !== asked) {
    throw new ReportProblem([...place, "tool", "driver", "name"], `it is “${plain(name, 60)}”, asked for was ${asked}`);
  }
  if (Object.keys(run.externalPropertyFileReferences ?? {}).length > 0) {
    throw new ReportProblem(
      [...place, "externalPropertyFileReferences"],
      "parts of the report are in files that did not come with it",
    );
  }
  const scanned = (run.versionControlProvenance ?? []).flatMap(({ revisionId }) =>
    revisionId !== undefined && /^[0-9a-f]{40}$/i.test(revisionId) ? [revisionId.toLowerCase()] : [],
  );
  if (scanned.length > 0 && !scanned.includes(context.sha)) {
    throw new ReportProblem(
      [...place, "versionControlProvenance"],
      `it is about commit ${scanned[0]}, asked for was ${context.sha}`,
    );
  }
  for (const [at, one] of (run.invocations ?? []).entries()) {
    const here = [...place, "invocations", at];
    const lists = ["toolExecutionNotifications", "toolConfigurationNotifications"] as const;
    for (const list of lists) {
      const error = one[list]?.findIndex(({ level }) => level === "error") ?? -1;
      if (error >= 0) {
        const said = plain(messageText(one[list]?.[error]?.message ?? {}, undefined), 300);
        throw new ReportProblem([...here, list, error], `the tool failed: ${said || "it gives no message"}`);
      }
    }
    if (!one.executionSuccessful) {
      const said = plain(one.exitCodeDescription ?? "", 300);
      throw new ReportProblem(here, `the tool says that it failed${said ? `: ${said}` : ""}`);
    }
  }
}

/** What the tool could not look through is never passed over: its warnings while it ran are findings. */
export function unscanned(run: SarifRun, context: RunContext): Finding[] {
  const warnings = (run.invocations ?? []).flatMap((one) => one.toolExecutionNotifications ?? []);
  // A notification without a level is a warning, says the standard.
  return warnings.filter(({ level }) => (level ?? "warning") === "warning").map((one) => notScanned(one, run, context));
}

function notScanned(notification: SarifNotification, run: SarifRun, { kind, sha }: RunContext): Finding {
  const rule = `${kind}/unscanned`;
  const id = notification.descriptor?.id ?? "";
  const message = plain(messageText(notification.message, undefined)) || "The tool warns without a message.";
  const located = locate(notification.locations?.[0]?.physicalLocation?.artifactLocation, basesOf(run));
  const path = located && "path" in located ? located.path : undefined;
  const context = digest("unscanned", id, normalisedMessage(message));
  return {
    rule,
    // The rest of the file was looked through.
    severity: /^partial ?parsing$/i.test(id) ? "medium" : "high",
    message: `Not looked through as a whole: ${message}`,
    remedy: "Change the file so that the tool can read it, or have a maintainer merge a waiver for it.",
    location: { ...(path === undefined ? {} : { path }), commit: sha },
    fingerprint: digest(rule, path ?? null, context),
    context,
  };
}

/** Fills in a run's drafts and takes them out of their list; equal ones are numbered later, over all runs. */
export function* findingsOf(
  drafts: (Draft | undefined)[],
  run: SarifRun,
  place: Place,
  context: RunContext,
): Generator<Placed> {
  const { kind, notes } = context;
  const bases = basesOf(run);
  const ruleOf = rulesOf(run, kind);
  const tool = toolOf(run.tool.driver.name);
  const ruleNamed = remembered((id: string) => ruleName(kind, id));
  const locatedOnce = remembered((at: SarifArtifactLocation) => ({ located: locate(at, bases) }));
  for (const [number, draft] of drafts.entries()) {
    if (draft === undefined) continue;
    drafts[number] = undefined;
    const { finding, use, column, at } = draft;
    const known = ruleOf(use);
    const ruleId = use.ruleId ?? known.rule?.id;
    if (draft.message) {
      const raw = messageText(draft.message, known.rule);
      finding.message = plain(raw) || "The tool gives no message.";
      if (finding.context === "") finding.context = digest("message", normalisedMessage(raw));
    }
    const located = at && locatedOnce(at).located;
    const page = kind === "dast" && located ? ("path" in located ? located.path : pageOf(located.outside)) : undefined;
    if (located && "outside" in located && page === undefined) {
      finding.context = digest("outside", located.outside, finding.context);
      notes.count("a location outside of the repository; the finding stands without it", [
        ...place,
        "results",
        draft.index,
        "locations",
        0,
      ]);
    }
    const path = page ?? (located && "path" in located ? located.path : undefined);
    const { location } = finding;
    if (path === undefined) finding.location = { commit: location.commit };
    else if (page === undefined) location.path = path;
    else finding.location = { path: page, commit: location.commit };
    finding.rule = ruleNamed(ruleId ?? "");
    finding.severity = severityOf(tool, ruleId, { ...use, suppressed: use.suppressed !== undefined }, known);
    finding.remedy = known.remedy;
    finding.fingerprint = digest(finding.rule, path ?? null, finding.context);
    yield { finding, column };
    if (use.suppressed) yield { finding: suppression(finding, use.suppressed, kind), column };
  }
}

/** What comes again and again is made, and held, once. */
function remembered<In, Out extends string | object>(make: (of: In) => Out): (of: In) => Out {
  const known = new Map<In, Out>();
  return (of) => {
    const had = known.get(of);
    if (had !== undefined) return had;
    const made = make(of);
    known.set(of, made);
    return made;
  };
}

/** Whoever suppresses a finding is seen doing it; the finding itself counts all the same. */
function suppression(of: Finding, where: "inSource" | "external", kind: ScanKind): Finding {
  const rule = `${kind}/suppression`;
  const context = digest("suppression", of.rule, of.context ?? "");
  return {
    rule,
    severity: "low",
    message: `${where === "inSource" ? "A comment in the code" : "The tool's own list"} asks to suppress ${of.rule} here; that does not count.`,
    remedy:
      "Take the suppression out. A finding that is wrong is waived in `.github/hms-waivers.yml` on the default branch.",
    location: of.location,
    fingerprint: digest(rule, of.location.path ?? null, context),
    context,
  };
}

function basesOf(run: SarifRun): Bases {
  return {
    originalUriBaseIds: run.originalUriBaseIds ?? {},
    artifacts: (run.artifacts ?? []).map(({ location }) => location),
  };
}

/** Finds a result's rule by index and by id. Where one id stands several times, the worst of them counts. */
function rulesOf(run: SarifRun, kind: ScanKind): (use: RuleUse) => KnownRule {
  const components: SarifComponent[] = [run.tool.driver, ...(run.tool.extensions ?? [])];
  const byId = new Map<string, KnownRule>();
  for (const rule of components.flatMap((component) => component.rules ?? [])) {
    byId.set(rule.id, worse(byId.get(rule.id), known(rule, kind)));
  }
  const none = known(undefined, kind);
  return ({ ruleId, ruleIndex, component }) => {
    const list = (component === undefined ? run.tool.driver : run.tool.extensions?.[component])?.rules;
    const indexed = ruleIndex === undefined ? undefined : list?.[ruleIndex];
    const atIndex = indexed && byId.get(indexed.id);
    if (ruleId === undefined) return atIndex ?? none;
    // `CA1000/1` is a part of rule `CA1000`.
    const named = byId.get(ruleId) ?? byId.get(ruleId.slice(0, Math.max(0, ruleId.lastIndexOf("/"))));
    return atIndex && named !== atIndex ? worse(named, atIndex) : (named ?? atIndex ?? none);
  };
}

function known(rule: SarifRule | undefined, kind: ScanKind): KnownRule {
  const score = scoreOf(rule?.properties);
  return { rule, level: levelOf(rule), ...(score === undefined ? {} : { score }), remedy: remedyOf(kind, rule) };
}

function worse(a: KnownRule | undefined, b: KnownRule): KnownRule {
  if (!a) return b;
  const score = worseScore(a.score, b.score);
  return { ...a, level: worseLevel(a.level, b.level), ...(score === undefined ? {} : { score }) };
}
