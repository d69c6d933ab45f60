import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { startChild } from "./child.ts";
import { median, ms, type Row } from "./row.ts";

const RESULTS = 25_000;
const FILE_BYTES = 10_000_000;
const MEMORY_TIMES = 3;
const COMPARE_MS = 1_000;
const ROUNDS = 3;

/** Paths of packed reports. */
export interface SarifFiles {
  warm: string;
  head: string;
  base: string;
}

export interface SarifFigures {
  findings: number;
  unchanged: number;
  readMs: number;
  /** Until the policy has denied the merge because of them, reading included. */
  verdictMs: number;
  /** Over what the process had before. */
  peakBytes: number;
  /** Of the heap, after a collection. */
  heldBytes: number;
  compareMs: number;
  /** The longest time in which nobody else had a turn. */
  blockedMs: number;
}

/** A report of 10 MB with 25,000 results, packed as it arrives, read to findings; and compared with one of the merge base as large. */
export async function sarif(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "hms-sarif-"));
  try {
    const texts = { few: report(200, 0), many: report(3_000, 0), head: report(RESULTS, 0), base: report(RESULTS, 500) };
    const at = (name: keyof typeof texts) => join(folder, name);
    for (const name of ["few", "many", "head", "base"] as const) writeFileSync(at(name), gzipSync(texts[name]));
    const packed = gzipSync(texts.head);
    const floors: number[] = [];
    const rounds: SarifFigures[] = [];
    // In a process whose heap is as large as work has made it.
    const used: SarifFigures[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const started = performance.now();
      JSON.parse(gunzipSync(packed).toString("utf8"));
      floors.push(performance.now() - started);
      for (const [warm, list] of [
        [at("few"), rounds],
        [at("many"), used],
      ] as const) {
        const child = startChild<SarifFiles, SarifFigures>("./sarif-child.ts");
        child.send({ warm, head: at("head"), base: at("base") });
        list.push(await child.next(180_000));
        await child.stop();
      }
    }
    const of = (figure: keyof SarifFigures, list = rounds) => median(list.map((round) => round[figure]));
    if (of("findings") !== RESULTS || of("unchanged") !== RESULTS - 500) throw new Error("the report was misread");
    const size = Buffer.byteLength(texts.head);
    const times = of("peakBytes") / size;
    const what = `SARIF of ${(size / 1e6).toFixed(1)} MB, ${RESULTS.toLocaleString("en")} results`;
    return [
      {
        bench: "sarif",
        what: `${what}: gzip → findings (floor: gunzip and JSON.parse)`,
        figure: ms(of("readMs")),
        floor: ms(median(floors)),
        ratio: of("readMs") / median(floors),
      },
      { bench: "sarif", what: "… gzip → verdict, all of them new", figure: ms(of("verdictMs")) },
      { bench: "sarif", what: "… longest time without a turn for others", figure: ms(of("blockedMs")) },
      {
        bench: "sarif",
        what: "… peak memory (RSS) over that of a fresh process, most of it V8's young generation, which grows once",
        figure: `${(of("peakBytes") / 1e6).toFixed(1)} MB`,
        ratio: times,
        goal: `≤ ${MEMORY_TIMES} × the file`,
        met: times <= MEMORY_TIMES,
      },
      {
        bench: "sarif",
        what: "… over that of a process that has read reports of 3,000 results before",
        figure: `${(of("peakBytes", used) / 1e6).toFixed(1)} MB`,
        ratio: of("peakBytes", used) / size,
        goal: `≤ ${MEMORY_TIMES} × the file`,
        met: of("peakBytes", used) <= MEMORY_TIMES * size,
      },
      { bench: "sarif", what: "… memory that its findings hold", figure: `${(of("heldBytes") / 1e6).toFixed(1)} MB` },
      {
        bench: "sarif",
        what: `${RESULTS.toLocaleString("en")} findings compared with as many of the merge base`,
        figure: ms(of("compareMs")),
        goal: `< ${COMPARE_MS} ms`,
        met: of("compareMs") < COMPARE_MS,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `from` onwards, so that two reports have most of their results in common. Every result is about other code in one of 2,000 files. */
function report(results: number, from: number): string {
  const rules = Array.from({ length: 300 }, (_, at) => ({
    id: `python.lang.security.audit.rule-${at}`,
    defaultConfiguration: { level: at % 3 === 0 ? "error" : "warning" },
    properties: { "security-severity": String((at % 9) + 0.5), tags: ["security"] },
    helpUri: `https://semgrep.dev/r/rule-${at}`,
  }));
  const list = Array.from({ length: results }, (_, index) => {
    const at = index + from;
    const line = 1 + (at % 900);
    const code = `    cursor.execute("select * from t${at} where a = " + request.args["k${at % 97}"])`;
    const region = { startLine: line, startColumn: 5, endLine: line, endColumn: code.length + 1 };
    const contextRegion = { startLine: line, endLine: line, snippet: { text: code } };
    const artifactLocation = { uri: `src/part${at % 40}/file${at % 2_000}.py` };
    return {
      ruleId: `python.lang.security.audit.rule-${at % 300}`,
      message: { text: `Text of a request gets into the query of t${at}.` },
      locations: [{ physicalLocation: { artifactLocation, region, contextRegion } }],
    };
  });
  const driver = { name: "Semgrep OSS", version: "1.140.0", rules };
  const log = {
    version: "2.1.0",
    runs: [{ invocations: [{ executionSuccessful: true }], results: list, tool: { driver } }],
  };
  const text = JSON.stringify(log);
  if (results === RESULTS && Math.abs(Buffer.byteLength(text) - FILE_BYTES) > FILE_BYTES / 10) {
    throw new Error(`the report has ${Buffer.byteLength(text)} bytes`);
  }
  return text;
}
