import type { Checker, PolicySandbox } from "../../ports/checker.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Engine } from "../../ports/engine.ts";
import type { GitHub } from "../../ports/github.ts";

/** What the read models of portal and API read. None of them asks GitHub anything. */
export interface ViewDeps {
  engine: Engine;
  /** The policy in force. */
  checker: Checker;
  sandbox: PolicySandbox;
  clock: Clock;
  /** Of the installations that were called since the start. */
  limits: GitHub["limits"];
  /** While GitHub does not answer and all keys wait: when it is asked next, ms since the epoch. */
  waitsUntilMs(): number | undefined;
}
