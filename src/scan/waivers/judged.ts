import type { Finding } from "../../model/finding.ts";
import type { Waiver } from "../../model/waiver.ts";

/** One finding with what waivers have to say of it. */
export interface Judged {
  finding: Finding;
  /** The one in force that holds longest. */
  by?: Waiver;
  /** All that cover it, counting or not. */
  covering: Waiver[];
  /** Of the proposed ones. */
  wouldBe?: Waiver;
}
