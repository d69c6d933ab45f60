import type { RepositoryRef } from "../../model/pull-request.ts";
import type { ScanPlace, ScanRun } from "../../model/scan.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Engine } from "../../ports/engine.ts";
import type { WorkloadIdentity } from "../../ports/workload-identity.ts";
import type { SarifContext, SarifReading } from "../../scan/sarif.ts";

export interface ReportDeps {
  engine: Pick<Engine, "records" | "ledger" | "queue">;
  clock: Clock;
  identity: WorkloadIdentity;
  /** Whom tokens have to be meant for: our own address, without a slash at the end. */
  audience: string;
  /** Whether the very Job that was started for this scan runs now, by the cluster's own word. */
  jobAt(place: ScanPlace, run: ScanRun): Promise<"running" | "not-running" | "unseen">;
  /** The account that our App acts as. */
  botId(installationId: number, ref: RepositoryRef): Promise<number>;
  /** Reads a packed report while it arrives. What `bytes` itself throws is passed on. */
  read(bytes: AsyncIterable<Uint8Array>, context: SarifContext): Promise<SarifReading>;
  /** Told of every report: `taken`, `again`, `failed`, or why it was refused. */
  counted(result: string): void;
}
