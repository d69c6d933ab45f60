import type { RemediationBlock, Severity } from "../../model/finding.ts";
import type { WavePlan } from "./plan.ts";

/** A file as it was read; `text` decoded from UTF-8, with U+FFFD where that failed. */
export interface LintFile {
  /** From the tree's root, with forward slashes. */
  path: string;
  text: string;
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
