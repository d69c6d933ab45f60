import * as z from "zod";
import { type Place, ReportProblem } from "./problem.ts";
import schema from "./sarif-schema-2.1.0.json" with { type: "json" };

/** What is read of SARIF 2.1.0, after the standard's schema was applied. https://docs.oasis-open.org/sarif/sarif/v2.1.0/ */
export interface SarifMessage {
  text?: string;
  id?: string;
  arguments?: string[];
}

export interface SarifRegion {
  startLine?: number;
  startColumn?: number;
  endLine?: number;
  endColumn?: number;
  snippet?: { text?: string };
}

export interface SarifArtifactLocation {
  uri?: string;
  uriBaseId?: string;
  index?: number;
}

export interface SarifPhysicalLocation {
  artifactLocation?: SarifArtifactLocation;
  region?: SarifRegion;
  contextRegion?: SarifRegion;
}

type SarifLevel = "none" | "note" | "warning" | "error";

export interface SarifResult {
  ruleId?: string;
  ruleIndex?: number;
  rule?: { id?: string; index?: number; toolComponent?: { index?: number } };
  kind?: "notApplicable" | "pass" | "fail" | "review" | "open" | "informational";
  level?: SarifLevel;
  message: SarifMessage;
  locations?: { physicalLocation?: SarifPhysicalLocation }[];
  partialFingerprints?: Record<string, string>;
  fingerprints?: Record<string, string>;
  suppressions?: { kind: "inSource" | "external"; status?: "accepted" | "underReview" | "rejected" }[];
  baselineState?: "new" | "unchanged" | "updated" | "absent";
  properties?: Record<string, unknown>;
}

export interface SarifRule {
  id: string;
  shortDescription?: { text: string };
  messageStrings?: Record<string, { text: string }>;
  defaultConfiguration?: { level?: SarifLevel };
  helpUri?: string;
  properties?: Record<string, unknown>;
}

export interface SarifComponent {
  name: string;
  version?: string;
  semanticVersion?: string;
  rules?: SarifRule[];
}

export interface SarifNotification {
  descriptor?: { id?: string };
  level?: SarifLevel;
  message: SarifMessage;
  locations?: { physicalLocation?: SarifPhysicalLocation }[];
}

export interface SarifInvocation {
  executionSuccessful: boolean;
  exitCodeDescription?: string;
  toolExecutionNotifications?: SarifNotification[];
  toolConfigurationNotifications?: SarifNotification[];
}

/** A run without its results. */
export interface SarifRun {
  tool: { driver: SarifComponent; extensions?: SarifComponent[] };
  invocations?: SarifInvocation[];
  artifacts?: { location?: SarifArtifactLocation }[];
  originalUriBaseIds?: Record<string, SarifArtifactLocation>;
  versionControlProvenance?: { revisionId?: string }[];
}

const made = new Map<string, z.ZodType>();

/** The schema of one definition of the standard; made when it is first wanted. */
function definition(name: "result" | "run" | "log"): z.ZodType {
  const known = made.get(name);
  if (known) return known;
  const { definitions, ...log } = schema;
  const own = name === "log" ? log : definitions[name];
  const type = z.fromJSONSchema({ ...own, definitions } as Parameters<typeof z.fromJSONSchema>[0], {
    defaultTarget: "draft-4",
  });
  made.set(name, type);
  return type;
}

/** The value as the standard's schema knows it; throws {@link ReportProblem} that names the first place where it does not. */
export function valid(name: "result", value: unknown, place: Place): SarifResult;
export function valid(name: "run", value: unknown, place: Place): SarifRun;
export function valid(name: "log", value: unknown, place: Place): unknown;
export function valid(name: "result" | "run" | "log", value: unknown, place: Place): unknown {
  const read = definition(name).safeParse(value);
  if (read.success) return value;
  const issue = read.error.issues[0];
  const path = (issue?.path ?? []).map((part) => (typeof part === "symbol" ? String(part) : part));
  throw new ReportProblem([...place, ...path], `SARIF 2.1.0 does not allow this (${wordsOf(issue)})`);
}

/** Checkov describes attachments in plain text, which the standard does not allow; nothing of ours reads them. */
export function withoutAttachments(result: unknown): unknown {
  if (typeof result !== "object" || result === null || !Object.hasOwn(result, "attachments")) return result;
  const { attachments: _, ...rest } = result as { attachments: unknown };
  return rest;
}

/** What is wrong in words of our own: a message of the library may quote a key. */
function wordsOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === "unrecognized_keys") return "a property that it does not know";
  if (issue?.code === "invalid_type")
    return issue.input === undefined ? "it is missing" : `not a valid ${issue.expected}`;
  if (issue?.code === "invalid_value") return "not one of its values";
  if (issue?.code === "too_small" || issue?.code === "too_big") return "out of range";
  return "it has another form";
}
