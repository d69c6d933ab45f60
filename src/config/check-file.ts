import { readFile } from "node:fs/promises";
import { type ParseOptions, parseHmsYml } from "./hms-yml.ts";

export interface FileCheck {
  /** `file:line:column: message`, as editors and CI understand it. */
  lines: string[];
  /** 0 valid, 1 problems, 2 not readable. */
  exitCode: 0 | 1 | 2;
}

/** What `hms config check FILE` does. */
export async function checkConfigFile(file: string, options: ParseOptions = {}): Promise<FileCheck> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ERR_ENCODING_INVALID_ENCODED_DATA" ? "not UTF-8 text" : (code ?? "error");
    return { lines: [`${file}: cannot be read (${why})`], exitCode: 2 };
  }
  const result = parseHmsYml(text, options);
  if (result.ok) return { lines: [], exitCode: 0 };
  const problems = result.problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return {
    lines: problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`),
    exitCode: 1,
  };
}
