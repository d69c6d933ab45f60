import type { RemediationBlock, Severity } from "../../model/finding.ts";
import type { WavePlan } from "./plan.ts";

/** A file as it was read, by its path from the tree's root, with forward slashes. What was not read is a finding. */
export type LintFile = { path: string; text: string } | { path: string; unread: Unread };

/** Why a file was not read, as in “it is …”; `beyond`: there are more or larger ones than are read, which is told once for all of them. */
export type Unread = { why: string } | "beyond";

/** A file's bytes as the lint takes them. `cut`: the file has more, so that a character may be cut off, too. */
export function lintFile(path: string, bytes: Uint8Array, { cut = false } = {}): LintFile {
  try {
    return { path, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: cut }) };
  } catch {
    return { path, unread: { why: "it is not UTF-8 text" } };
  }
}

/** One thing that is wrong, with the remediation guide's block for it. All names in it were written by others: escape them. */
export interface AgentsFinding {
  /** `agents/port-conflict`. */
  rule: string;
  severity: Severity;
  path: string;
  /** 1-based. */
  line: number;
  /** 1-based, in UTF-16 code units. */
  column: number;
  message: string;
  /** SHA-256 (hex) over rule, path and the names concerned: stable over moved lines. */
  fingerprint: string;
  /** SHA-256 (hex) over the names alone, which stays when the file is renamed. */
  context: string;
  agents: string[];
  block: RemediationBlock;
  /** Its task in the plan, `T3`. */
  task: string;
}

export interface AgentsLint {
  /** By file and line. */
  findings: AgentsFinding[];
  plan: WavePlan;
  /** What was looked at. */
  seen: { agents: number; startups: number; discoveries: number; sources: number };
  /** What the reader should know, one sentence each. */
  notes: string[];
}
