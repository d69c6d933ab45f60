import type { ControlMaps } from "../../config/controls.ts";
import type { PreviewPlace } from "../../model/preview.ts";
import type { Checker, PolicySandbox } from "../../ports/checker.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Engine } from "../../ports/engine.ts";
import type { GitHub } from "../../ports/github.ts";
import type { PlaceSight } from "../../preview/preview.ts";

/** What the read models of portal and API read. None of them asks GitHub anything, and only that of one preview asks a cluster. */
export interface ViewDeps {
  engine: Engine;
  /** The policy in force. */
  checker: Checker;
  sandbox: PolicySandbox;
  clock: Clock;
  /** Which rules support which controls. */
  controls: ControlMaps;
  /** Of the installations that were called since the start. */
  limits: GitHub["limits"];
  /** While GitHub does not answer and all keys wait: when it is asked next, ms since the epoch. */
  waitsUntilMs(): number | undefined;
  /** Reads what is in a preview's namespace now, within seconds and without changing anything; absent where there are no clusters. */
  lookAtPreview?: ((place: PreviewPlace) => Promise<PlaceSight>) | undefined;
}
