import type { Severity } from "../../model/finding.ts";

/** What the words of a rule's block are made from. All of it was written by others; whoever prints it escapes it. */
export interface Facts {
  /** The file that is to be changed. */
  path: string;
  /** The agent's name, or the file's where no name is known. */
  agent: string;
  /** The key, script, topic, port or name that is wrong; never a credential's value. */
  what?: string;
  /** What it collides with, or what was probably meant. */
  other?: string;
}

/**
 * A rule of the lint. `risk`, `impact` and `complexity` are those of the remediation guide's matrix (sections "Risk mitigation sequencing"
 * and IX), where it has the risk; what it does not have is set beside its nearest there.
 */
export interface Rule {
  severity: Severity;
  /** The guide's letter; undefined for what comes from the agent management specification, section 3. */
  risk?: "A" | "B" | "C" | "D" | "E" | "F" | "G" | "H";
  /** 1 to 10. */
  impact: number;
  /** 1 to 10. */
  complexity: number;
  /** A heading: what is wrong, without names. */
  title: string;
  /** Why it matters, one or two sentences. */
  help: string;
  /** The change acts only once the agents concerned were restarted, one after the other. */
  restart: boolean;
  solution(facts: Facts): string;
  steps(facts: Facts): string[];
  tests(facts: Facts): string[];
  /** What to do within five minutes when it went wrong; without a function: reverting the commit is enough. */
  rollback?(facts: Facts): string;
  risks: string;
  success(facts: Facts): string;
}
