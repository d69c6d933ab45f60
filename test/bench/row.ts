/** One line of the table. `ratio` and `met` only where there is something to compare with. */
export interface Row {
  bench: string;
  what: string;
  /** With its unit. */
  figure: string;
  floor?: string;
  ratio?: number;
  goal?: string;
  met?: boolean;
}

export type Bench = () => Promise<Row[]>;

const COLUMNS = ["bench", "what", "figure", "floor", "ratio", "goal", ""] as const;

/** A table for people. */
export function table(rows: Row[]): string {
  const cells = rows.map((row) => [
    row.bench,
    row.what,
    row.figure,
    row.floor ?? "",
    row.ratio === undefined ? "" : row.ratio.toFixed(2),
    row.goal ?? "",
    row.met === undefined ? "" : row.met ? "met" : "MISSED",
  ]);
  const widths = COLUMNS.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(COLUMNS), widths.map((width) => "-".repeat(width)).join("  "), ...cells.map(line)].join("\n");
}

/** 0 for an empty list. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString("en")}/s`;
}

export function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
