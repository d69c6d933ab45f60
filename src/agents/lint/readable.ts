import type { LintFile } from "./agents-lint.ts";
import type { Flaw } from "./rules.ts";
import { isStartup, kindOf } from "./selection.ts";
import { count, few, shown } from "./text.ts";

/** What a lint may cost, in UTF-16 code units and files. What lies beyond is a finding. */
const FILE_MAX = 256 * 1024;
/** Of what no parser reads that recurses. */
const SOURCE_MAX = 1024 * 1024;
const ALL_MAX = 16 * 1024 * 1024;
const FILES_MAX = 5_000;

interface Readable {
  kept: { path: string; text: string }[];
  flaws: Flaw[];
  notes: string[];
}

/**
 * The files within the limits; each other one is a flaw. Data that configures no agents and is very large, such as what models learn from,
 * is passed over with a note. A byte order mark is taken off.
 */
export function readable(files: readonly LintFile[]): Readable {
  let size = 0;
  const kept: Readable["kept"] = [];
  const flaws: Flaw[] = [];
  const beyond: string[] = [];
  const large: string[] = [];
  for (const [at, file] of files.entries()) {
    const { path } = file;
    const kind = kindOf(path);
    if (kind === undefined) continue;
    const told = "unread" in file ? file.unread : undefined;
    if (told === "beyond" || at >= FILES_MAX || size > ALL_MAX) {
      beyond.push(path);
      continue;
    }
    const text = "text" in file ? file.text : "";
    const plain = kind === "python" || (kind === "data" && !isStartup(text));
    const most = plain ? SOURCE_MAX : FILE_MAX;
    if (plain && kind === "data" && text.length > most) {
      large.push(path);
      continue;
    }
    const why = told?.why ?? whyNot(text, most);
    if (why !== undefined) {
      flaws.push(unread(path, `${shown(path)} was not looked at: ${why}.`));
      continue;
    }
    size += text.length;
    kept.push({ path, text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text });
  }
  const [first] = beyond;
  if (first !== undefined) {
    const limit = `${FILES_MAX} files and ${ALL_MAX / 1024 / 1024} MB`;
    const message = `${count(beyond.length, "file")} from ${shown(first)} on ${beyond.length === 1 ? "was" : "were"} not looked at: the limit is ${limit}.`;
    flaws.push(unread(first, message));
  }
  return { kept, flaws, notes: large.length === 0 ? [] : [largeNote(large)] };
}

function whyNot(text: string, most: number): string | undefined {
  if (text.length > most) return `it is larger than ${most / 1024} KB`;
  return text.includes("\0") ? "it is not UTF-8 text" : undefined;
}

function unread(path: string, message: string): Flaw {
  return { rule: "unread", path, line: 1, column: 1, message, subject: [], agents: [], facts: { path, agent: path } };
}

function largeNote(paths: readonly string[]): string {
  const [configure, were] = paths.length === 1 ? ["configures", "was"] : ["configure", "were"];
  const size = `larger than ${SOURCE_MAX / 1024 / 1024} MB`;
  return `${count(paths.length, "YAML or JSON file")} that ${configure} no agents, ${size}, ${were} not looked at for credentials and log files: ${few(paths.map(shown))}.`;
}
