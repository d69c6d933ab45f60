import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../stage/free-port.ts";
import { startHms } from "../stage/process.ts";
import { cpuMs, residentMb, startChild } from "./child.ts";
import { benchEnvironment } from "./environment.ts";
import type { Measured, Start } from "./github-stand-in.ts";
import { ms, percentile, type Row } from "./row.ts";

const INSTALLATIONS = 100;
const WARM_UP_S = 3;
/** The load of the goal after one so light that nothing waits: the difference is queueing. */
const LOADS = [
  { perSecond: 20, seconds: 10, firstNumber: 100_000, goals: undefined },
  { perSecond: 100, seconds: 20, firstNumber: 1, goals: { p50Ms: 5, p99Ms: 50 } },
];
type Load = (typeof LOADS)[number];

/**
 * From the moment a delivery is sent to the moment the gate's check-run request arrives, both read in the same process, without the time that
 * GitHub's stand-in took to answer.
 */
export async function latency(): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), "hms-bench-"));
  const github = startChild<Start, { port: number } | Measured>("github-stand-in.ts");
  try {
    const ready = await github.next();
    if (!("port" in ready)) throw new Error("the stand-in did not start");
    const port = await freePort();
    const hms = await startHms(
      benchEnvironment({ port, dataDir: join(directory, "data"), githubUrl: `http://127.0.0.1:${ready.port}` }),
    );
    try {
      const rows: Row[] = [];
      for (const load of LOADS) {
        const { perSecond, seconds, firstNumber } = load;
        const cpuBefore = cpuMs(hms.pid) ?? Number.NaN;
        github.send({ port, installations: INSTALLATIONS, perSecond, warmUpS: WARM_UP_S, seconds, firstNumber });
        const measured = await github.next();
        if (!("ownMs" in measured)) throw new Error("the stand-in measured nothing");
        const events = perSecond * (WARM_UP_S + seconds);
        rows.push(...rowsOf(load, measured, ((cpuMs(hms.pid) ?? Number.NaN) - cpuBefore) / events));
      }
      const memory = residentMb(hms.pid);
      const figure = memory === undefined ? "unknown" : `${Math.round(memory)} MB`;
      return [...rows, { bench: "latency", what: "memory (RSS) after both loads", figure }];
    } finally {
      await hms.kill(process.env.HMS_BENCH_PROFILE ? "SIGTERM" : "SIGKILL");
    }
  } finally {
    await github.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function rowsOf({ perSecond, seconds, goals }: Load, measured: Measured, cpuMsPerEvent: number): Row[] {
  const { ownMs, wallMs, steps, unanswered, standInDelayMs, callsPerSecond } = measured;
  const load = `${perSecond} events/s over ${INSTALLATIONS} installations, ${seconds} s`;
  const row = (what: string, figure: string): Row => ({ bench: "latency", what, figure });
  const judged = (what: string, value: number, goalMs: number | undefined): Row => ({
    ...row(what, ms(value)),
    ...(goalMs === undefined ? {} : { goal: `≤ ${goalMs} ms`, met: unanswered === 0 && value <= goalMs }),
  });
  return [
    judged(`own time to the gate's request, p50 (${load})`, percentile(ownMs, 0.5), goals?.p50Ms),
    judged("own time to the gate's request, p99", percentile(ownMs, 0.99), goals?.p99Ms),
    row("with GitHub's answers, p50 / p99", `${ms(percentile(wallMs, 0.5))} / ${ms(percentile(wallMs, 0.99))}`),
    ...steps.map(({ name, ownMs: own }) => row(`  p50 of ${name}`, ms(percentile(own, 0.5)))),
    row("CPU time per event, all threads", ms(cpuMsPerEvent)),
    row("events without a gate 5 s after the last one", `${unanswered} of ${perSecond * seconds}`),
    row(
      "stand-in for GitHub: loop delay p99, calls answered",
      `${ms(standInDelayMs)}, ${Math.round(callsPerSecond)}/s`,
    ),
  ];
}
