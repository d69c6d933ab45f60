import type { Facts, Rule } from "./rule.ts";
import { SOURCE_RULES } from "./rules-source.ts";
import { STARTUP_RULES } from "./rules-startup.ts";

export const RULES = { ...STARTUP_RULES, ...SOURCE_RULES } satisfies Record<string, Rule>;
export type RuleName = keyof typeof RULES;

/** By name, for whoever wants the parts that all rules have. */
export function ruleOf(name: RuleName): Rule {
  return RULES[name];
}

/** Something wrong at one place. */
export interface Flaw {
  rule: RuleName;
  path: string;
  /** 1-based. */
  line: number;
  /** 1-based, in UTF-16 code units. */
  column: number;
  /** One sentence. Names in it are cut and stand on one line; values of credentials never stand in it. */
  message: string;
  /** What the fingerprint stands on beside rule and path: names, never lines or values. */
  subject: readonly string[];
  /** Names of the agents that it concerns. */
  agents: readonly string[];
  facts: Facts;
}
