import { setFailed, setOutput } from "@actions/core";
import { readMode } from "./inputs.ts";
import { install } from "./install.ts";
import { unspoken } from "./log.ts";
import { report } from "./report.ts";
import { scan } from "./scan.ts";
import { ScanFailure } from "./scan-failure.ts";
import { summariseFailure } from "./summary.ts";

const MODES = { install, scan, report };

try {
  await MODES[readMode()]();
} catch (error) {
  const reason = unspoken(error instanceof ScanFailure ? error.message : `The Action itself failed: ${error}`).slice(
    0,
    1_500,
  );
  setOutput("reason", reason);
  setFailed(reason);
  if (!(error instanceof ScanFailure) && error instanceof Error) console.error(unspoken(error.stack ?? ""));
  await summariseFailure(reason);
}
