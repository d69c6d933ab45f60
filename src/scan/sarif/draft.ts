import type { Finding } from "../../model/finding.ts";
import type { ScanKind } from "../../model/scan-kind.ts";
import type { SarifArtifactLocation, SarifMessage, SarifResult } from "./format.ts";
import { blockOf, digest, normalisedCode, normalisedMessage, packageOf, stableFingerprint } from "./identity.ts";
import type { Notes } from "./notes.ts";
import type { Place } from "./problem.ts";
import { scoreOf } from "./severity.ts";
import { messageText, plain } from "./words.ts";

/** What a result says of its rule; results of one rule share it. */
export interface RuleUse {
  ruleId?: string;
  ruleIndex?: number;
  /** Of an extension of the tool; absent: its driver. */
  component?: number;
  level?: NonNullable<SarifResult["level"]>;
  score?: number;
  suppressed?: "inSource" | "external";
}

/**
 * What is kept of a result until its run is over, as rules and bases may stand behind the results: the finding as far as it is known, with
 * rule, severity, remedy, path and fingerprint still empty.
 */
export interface Draft {
  finding: Finding & { context: string };
  use: RuleUse;
  /** Within its run, from 0. */
  index: number;
  column: number;
  /** Where the file is, as the report names it. */
  at: SarifArtifactLocation | undefined;
  /** Where the finding's own is not it yet. */
  message: SarifMessage | undefined;
}

/** Gives what is equal one memory: reports say the same thousands of times. */
export class Shared {
  readonly #known = new Map<string, unknown>();

  text(text: string): string {
    return this.#once(text, () => text);
  }

  object<T extends object>(value: T): T {
    return this.#once(JSON.stringify(value), () => value);
  }

  #once<T>(key: string, make: () => T): T {
    const had = this.#known.get(key);
    if (had !== undefined) return had as T;
    const made = make();
    // What is new this late is seldom said again.
    if (this.#known.size < SHARED_MAX) this.#known.set(key, made);
    return made;
  }
}

const SHARED_MAX = 5_000;

/** What of a page is meant: two parameters are two flaws. */
function parameterOf({ properties }: SarifResult): string {
  const parameter = properties && Object.hasOwn(properties, "parameter") ? properties.parameter : undefined;
  return typeof parameter === "string" && parameter !== "" ? ` (parameter ${parameter.slice(0, 200)})` : "";
}

/** Beyond, it is no line of a file. */
const LINE_MAX = 10_000_000;

export function draftOf(
  result: SarifResult,
  about: { kind: ScanKind; sha: string; index: number; place: Place; notes: Notes; shared: Shared },
): Draft {
  const { kind, sha, index, shared } = about;
  const physical = result.locations?.[0]?.physicalLocation;
  const { startLine, startColumn = 0 } = physical?.region ?? {};
  const line = startLine !== undefined && startLine <= LINE_MAX ? startLine : undefined;
  if (startLine !== line) {
    about.notes.count("a line number that no file has; the finding stands without its line", about.place);
  }
  const commit = kind === "leaks" ? commitOf(result) : undefined;
  const { text, id, arguments: given } = result.message;
  const whole = text === undefined ? "" : `${text.slice(0, 4_000)}${kind === "dast" ? parameterOf(result) : ""}`;
  const direct = text !== undefined && !given?.length;
  const identity = kind === "leaks" ? leak(result, commit, line ?? 0, startColumn) : identityOf(result, kind);
  const message = direct ? shared.text(plain(messageText({ text: whole }, undefined))) : "";
  // Written whole at once: tens of thousands of them are held, and what is added later costs its own memory.
  return {
    finding: {
      rule: "",
      severity: "note",
      message,
      remedy: "",
      location: locationOf(line, physical?.region?.endLine, commit, sha),
      fingerprint: "",
      context: identity ?? (direct ? digest("message", normalisedMessage(whole)) : ""),
    },
    use: shared.object(useOf(result)),
    index,
    column: startColumn,
    at: physical?.artifactLocation && shared.object(artifactOf(physical.artifactLocation)),
    message:
      message !== ""
        ? undefined
        : {
            ...(text === undefined ? {} : { text: whole }),
            ...(id === undefined ? {} : { id }),
            ...(given === undefined ? {} : { arguments: given.slice(0, 100) }),
          },
  };
}

/** Its path is filled in later. */
function locationOf(
  line: number | undefined,
  end: number | undefined,
  commit: string | undefined,
  sha: string,
): Finding["location"] {
  if (line === undefined) return { path: "", commit: commit ?? sha };
  const endLine = end !== undefined && end >= line && end <= LINE_MAX ? end : line;
  if (commit !== undefined && commit !== sha) return { path: "", line, endLine, commit };
  return { path: "", line, endLine, commit: sha, headLine: line };
}

function artifactOf({ uri, uriBaseId, index }: SarifArtifactLocation): SarifArtifactLocation {
  return {
    ...(uri === undefined ? {} : { uri }),
    ...(uriBaseId === undefined ? {} : { uriBaseId }),
    ...(index === undefined ? {} : { index }),
  };
}

function useOf(result: SarifResult): RuleUse {
  const use: RuleUse = {};
  const ruleId = result.ruleId ?? result.rule?.id;
  if (ruleId !== undefined) use.ruleId = ruleId;
  const ruleIndex = result.ruleIndex ?? result.rule?.index;
  if (ruleIndex !== undefined && ruleIndex >= 0) use.ruleIndex = ruleIndex;
  const component = result.rule?.toolComponent?.index;
  if (component !== undefined && component >= 0) use.component = component;
  if (result.level !== undefined) use.level = result.level;
  else if (result.kind === "informational") use.level = "note";
  const score = scoreOf(result.properties);
  if (score !== undefined) use.score = score;
  // Whatever became of it: that the code asks for it is to be seen. Scanners that take no notice of it write `rejected`.
  if (result.suppressions?.[0]) {
    use.suppressed = result.suppressions.some((one) => one.kind === "inSource") ? "inSource" : "external";
  }
  return use;
}

function identityOf(result: SarifResult, kind: ScanKind): string | undefined {
  if (kind === "dependencies" || kind === "image") {
    const name = packageOf(result.message.text ?? "");
    return name === undefined ? undefined : digest("package", name);
  }
  const stable = stableFingerprint(result);
  if (stable !== undefined) return digest("tool", stable);
  const place = result.locations?.[0]?.physicalLocation;
  const block = kind === "iac" ? blockOf(place) : undefined;
  if (block !== undefined) return digest("block", block);
  const code = normalisedCode(place);
  return code === undefined ? undefined : digest("code", code);
}

/** Of a scan that reads commits one by one: the one that brought it. */
function commitOf({ partialFingerprints: own }: SarifResult): string | undefined {
  const commit = own && Object.hasOwn(own, "commitSha") ? own.commitSha : undefined;
  return commit !== undefined && /^[0-9a-f]{40}$/.test(commit) ? commit : undefined;
}

/**
 * A secret is not told apart by its text, of which no digest leaves the process whole. A commit does not change, so that the place in it
 * is as stable as can be, and another secret put into an old one's place is another one. Without a commit: 20 bits of the digest
 * tell whether it was replaced, and too little to guess it by.
 */
function leak(result: SarifResult, commit: string | undefined, line: number, column: number): string {
  if (commit !== undefined) return digest("leak", commit, line, column);
  const secret = result.locations?.[0]?.physicalLocation?.region?.snippet?.text ?? "";
  return digest("leak", digest(secret).slice(0, 5));
}
