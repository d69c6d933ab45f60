import { type ScanRun, THIS_MACHINE } from "../../model/scan.ts";
import type { JobLook } from "./job-runner.ts";
import { REPORT_GRACE_MS } from "./plan-scans.ts";

/**
 * What a scan whose Job is looked at has become: pure. A cluster that does not answer changes nothing but what is told; only the report's own
 * endpoint makes it *reported*.
 */
export function afterJobLook(run: ScanRun, look: JobLook, nowMs: number): ScanRun {
  const { state, waits: _, ...rest } = run;
  if (state.is !== "starting" && state.is !== "queued" && state.is !== "running") return run;
  switch (look.is) {
    case "unseen":
      return { ...run, waits: `The cluster does not say how it goes: ${look.reason}` };
    case "absent":
      if (state.is === "starting")
        return { ...rest, state: { is: "cancelled", reason: "It is not known to have started." } };
      // Programs of this machine are known to the process that started them alone.
      return run.on?.cluster === THIS_MACHINE
        ? { ...rest, state: { is: "cancelled", reason: "HMS-SYS was started anew meanwhile." } }
        : { ...rest, state: { is: "failed", reason: "Its Job is not on the cluster any more." } };
    case "queued":
    case "running": {
      const known: ScanRun = { ...rest, ...withUid(run, look.uid), state: { is: look.is } };
      return "reason" in look && look.reason !== undefined ? { ...known, waits: look.reason } : known;
    }
    case "over": {
      const overSinceMs = run.overSinceMs ?? nowMs;
      const { timedOut, reason, uid } = look;
      if (!timedOut && nowMs < overSinceMs + REPORT_GRACE_MS)
        return {
          ...rest,
          ...withUid(run, uid),
          overSinceMs,
          state: { is: state.is === "starting" ? "queued" : state.is },
        };
      return { ...rest, state: { is: timedOut ? "timed-out" : "failed", reason } };
    }
  }
}

function withUid({ job }: ScanRun, uid: string): Pick<ScanRun, "job"> {
  return job === undefined ? {} : { job: { ...job, uid } };
}
