import type { Checker, PolicySandbox } from "../../ports/checker.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Engine } from "../../ports/engine.ts";

/** What the read models of portal and API read. None of them asks GitHub anything. */
export interface ViewDeps {
  engine: Engine;
  /** The policy in force. */
  checker: Checker;
  sandbox: PolicySandbox;
  clock: Clock;
}
