import { stripVTControlCharacters, styleText } from "node:util";
import type { Step } from "./steps.ts";

const WIDTH_MAX = 100;
const LABEL = 22;

export interface Played {
  step: string;
  title: string;
  ok: boolean;
  ms: number;
  observed: Record<string, string | number>;
  /** Why it did not hold. */
  why?: string;
}

export interface Printer {
  begin(): void;
  /** `waits`: for Enter. */
  start(step: Step, at: number, of: number, waits: boolean): void;
  observe(label: string, value: string | number): void;
  played(result: Played): void;
  end(results: Played[], ms: number): void;
}

/** One JSON line a step, and nothing else. */
export function jsonPrinter(out: NodeJS.WritableStream): Printer {
  return {
    begin() {},
    start() {},
    observe() {},
    played: (result) => void out.write(`${JSON.stringify(result)}\n`),
    end() {},
  };
}

type Style = Parameters<typeof styleText>[0];

/** Text for people: at most 100 columns, colours only where they are wanted. */
export function textPrinter(out: NodeJS.WriteStream): Printer {
  const coloured = out.isTTY === true && !process.env.NO_COLOR;
  const width = Math.max(50, Math.min(out.isTTY ? out.columns : WIDTH_MAX, WIDTH_MAX));
  const paint = (style: Style, text: string) => (coloured ? styleText(style, text, { validateStream: false }) : text);
  const line = (text = "") => void out.write(`${text}\n`);
  const block = (label: string, text: string, style?: Style) => {
    const [first = "", ...rest] = wrap(text, width - LABEL - 6);
    line(`      ${paint("dim", label.padEnd(LABEL))}${style ? paint(style, first) : first}`);
    for (const more of rest) line(`      ${" ".repeat(LABEL)}${style ? paint(style, more) : more}`);
  };
  return {
    begin() {
      line(
        paint(
          "bold",
          "HMS-SYS: a leaked key cannot be merged, everyone sees why; pull requests are scanned and previewed",
        ),
      );
      for (const text of wrap(INTRODUCTION, width)) line(text);
      line();
    },
    start({ title }, at, of, waits) {
      const [first = "", ...rest] = wrap(`${title}${waits ? " [Enter]" : ""}`, width - 6);
      line(`${paint("dim", `${at}/${of}`.padStart(5))} ${paint("bold", first)}`);
      for (const more of rest) line(`      ${paint("bold", more)}`);
    },
    observe(label, value) {
      const good = /^success\b/.test(String(value));
      const bad = /^(failure\b|405 )/.test(String(value));
      const [name, unit] = label.endsWith(" ms") ? [label.slice(0, -3), " ms"] : [label, ""];
      block(name, `${value}${unit}`, good ? "green" : bad ? "red" : undefined);
    },
    played({ ok, ms, why }) {
      if (ok) line(`      ${paint("green", "✓ held")}${paint("dim", `  ${ms} ms`)}`);
      else block("✗ did not hold", why ?? "", "red");
      line();
    },
    end(results, ms) {
      const failed = results.find((result) => !result.ok);
      const seconds = (ms / 1000).toFixed(1);
      if (failed) line(paint("red", `Step "${failed.step}" did not hold, after ${seconds} s.`));
      else line(paint("green", `All ${results.length} steps held, in ${seconds} s.`));
    },
  };
}

const INTRODUCTION =
  "GitHub is a double here: a server on this machine that behaves like GitHub, with real git behind it, and so is the runner that plays the jobs of its workflows. The cluster that previews go to is simulated: a Kubernetes API in memory with an Argo CD, where no container runs. HMS-SYS is the real thing, a process of its own that knows nothing of this demo. What follows was read back from GitHub and the cluster.";

/** Whole words; what has no blank to break at is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of stripVTControlCharacters(text).split("\n")) {
    let current = "";
    for (let word of paragraph.split(/\s+/)) {
      if (current !== "" && current.length + 1 + word.length > width) {
        lines.push(current);
        current = "";
      }
      for (; word.length > width; word = word.slice(width)) lines.push(word.slice(0, width));
      current = current === "" ? word : `${current} ${word}`;
    }
    lines.push(current);
  }
  return lines;
}
