import type { ScanKind } from "../../model/scan.ts";
import type { SarifArtifactLocation, SarifMessage, SarifResult } from "./format.ts";
import { digest, normalisedCode, packageOf, stableFingerprint } from "./identity.ts";
import type { Notes } from "./notes.ts";
import type { Place } from "./problem.ts";
import { scoreOf } from "./severity.ts";

/** What is kept of a result until its run is over: rules and bases may stand behind the results. */
export interface Draft {
  /** Within its run, from 0. */
  index: number;
  ruleId?: string;
  ruleIndex?: number;
  /** Of an extension of the tool; absent: its driver. */
  component?: number;
  level?: NonNullable<SarifResult["level"]>;
  score?: number;
  message: SarifMessage;
  location?: SarifArtifactLocation;
  line?: number;
  endLine?: number;
  column?: number;
  /** The commit that brought it, where the tool reads commits one by one. */
  commit?: string;
  /** What stays when lines move (a digest); absent: the message has to do. */
  identity?: string;
  suppressed?: "inSource" | "external";
}

/** What of a page is meant: two parameters are two flaws. */
function parameterOf({ properties }: SarifResult): string {
  const parameter = properties && Object.hasOwn(properties, "parameter") ? properties.parameter : undefined;
  return typeof parameter === "string" && parameter !== "" ? ` (parameter ${parameter.slice(0, 200)})` : "";
}

/** Beyond, it is no line of a file. */
const LINE_MAX = 10_000_000;

/** `intern` gives equal strings one memory. */
export function draftOf(
  result: SarifResult,
  about: { kind: ScanKind; index: number; place: Place; notes: Notes; intern: (text: string) => string },
): Draft {
  const { kind, index, intern } = about;
  const physical = result.locations?.[0]?.physicalLocation;
  const { text, id, arguments: given } = result.message;
  const draft: Draft = {
    index,
    message: {
      ...(text === undefined
        ? {}
        : { text: intern(`${text.slice(0, 4_000)}${kind === "dast" ? parameterOf(result) : ""}`) }),
      ...(id === undefined ? {} : { id: intern(id) }),
      ...(given === undefined ? {} : { arguments: given.slice(0, 100) }),
    },
  };
  const ruleId = result.ruleId ?? result.rule?.id;
  if (ruleId !== undefined) draft.ruleId = intern(ruleId);
  const ruleIndex = result.ruleIndex ?? result.rule?.index;
  if (ruleIndex !== undefined && ruleIndex >= 0) draft.ruleIndex = ruleIndex;
  const component = result.rule?.toolComponent?.index;
  if (component !== undefined && component >= 0) draft.component = component;
  if (result.level !== undefined) draft.level = result.level;
  else if (result.kind === "informational") draft.level = "note";
  const score = scoreOf(result.properties);
  if (score !== undefined) draft.score = score;
  // Whatever became of it: that the code asks for it is to be seen. Scanners that take no notice of it write `rejected`.
  if (result.suppressions?.[0]) {
    draft.suppressed = result.suppressions.some((one) => one.kind === "inSource") ? "inSource" : "external";
  }
  if (physical?.artifactLocation) {
    const { uri, uriBaseId, index: artifact } = physical.artifactLocation;
    draft.location = {
      ...(uri === undefined ? {} : { uri: intern(uri) }),
      ...(uriBaseId === undefined ? {} : { uriBaseId: intern(uriBaseId) }),
      ...(artifact === undefined ? {} : { index: artifact }),
    };
  }
  const { startLine, endLine, startColumn } = physical?.region ?? {};
  if (startLine !== undefined && startLine > LINE_MAX) {
    about.notes.count("a line number that no file has; the finding stands without its line", about.place);
  } else if (startLine !== undefined) {
    draft.line = startLine;
    if (endLine !== undefined && endLine >= startLine && endLine <= LINE_MAX) draft.endLine = endLine;
    if (startColumn !== undefined) draft.column = startColumn;
  }
  const identity = kind === "leaks" ? leak(result, draft) : identityOf(result, kind);
  if (identity !== undefined) draft.identity = identity;
  return draft;
}

function identityOf(result: SarifResult, kind: ScanKind): string | undefined {
  if (kind === "dependencies" || kind === "image") {
    const name = packageOf(result.message.text ?? "");
    return name === undefined ? undefined : digest("package", name);
  }
  const stable = stableFingerprint(result);
  if (stable !== undefined) return digest("tool", stable);
  const code = normalisedCode(result.locations?.[0]?.physicalLocation);
  return code === undefined ? undefined : digest("code", code);
}

/**
 * A secret is not told apart by its text, of which no digest leaves the process whole. A commit does not change, so that the place in it
 * is as stable as can be, and another secret put into an old one's place is another one. Without a commit: 20 bits of the digest
 * tell whether it was replaced, and too little to guess it by.
 */
function leak(result: SarifResult, draft: Draft): string {
  const own = result.partialFingerprints;
  const commit = own && Object.hasOwn(own, "commitSha") ? own.commitSha : undefined;
  if (commit !== undefined && /^[0-9a-f]{40}$/.test(commit)) {
    draft.commit = commit;
    return digest("leak", commit, draft.line ?? 0, draft.column ?? 0);
  }
  const secret = result.locations?.[0]?.physicalLocation?.region?.snippet?.text ?? "";
  return digest("leak", digest(secret).slice(0, 5));
}
