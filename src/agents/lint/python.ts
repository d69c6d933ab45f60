/** A literal in a Python source. */
export interface PythonString {
  /** Of its prefix's or quote's first character. */
  start: number;
  prefix: string;
  value: string;
}

export interface PythonSource {
  /** The text with comments and the insides of strings blanked: same length, same lines. */
  code: string;
  strings: PythonString[];
}

/** Takes comments and strings out of a Python source, so that what is left is code. One pass; never throws, whatever the text. */
export function readPython(text: string): PythonSource {
  const strings: PythonString[] = [];
  const code: string[] = [];
  // Up to the next quote or comment in one step.
  const next = /["'#]/g;
  let at = 0;
  while (at < text.length) {
    next.lastIndex = at;
    const begin = next.exec(text)?.index ?? text.length;
    code.push(text.slice(at, begin));
    if (begin >= text.length) break;
    if (text[begin] === "#") {
      const end = text.indexOf("\n", begin);
      at = end < 0 ? text.length : end;
      code.push(" ".repeat(at - begin));
      continue;
    }
    const prefix = /(?<![A-Za-z0-9_])[rbfut]{1,2}$/i.exec(text.slice(Math.max(0, begin - 3), begin))?.[0] ?? "";
    const quote = text.startsWith((text[begin] ?? "").repeat(3), begin)
      ? text.slice(begin, begin + 3)
      : (text[begin] ?? "");
    const end = closing(text, begin + quote.length, quote);
    const inside = text.slice(begin + quote.length, end.inside);
    strings.push({ start: begin - prefix.length, prefix: prefix.toLowerCase(), value: inside });
    code.push(quote, inside.replace(/[^\n]/g, " "), text.slice(end.inside, end.after));
    at = end.after;
  }
  return { code: code.join(""), strings };
}

function closing(text: string, from: number, quote: string): { inside: number; after: number } {
  const stop = quote.length === 3 ? /\\[\s\S]|"""|'''/g : /\\[\s\S]|["'\n]/g;
  stop.lastIndex = from;
  for (let match = stop.exec(text); match; match = stop.exec(text)) {
    if (match[0] === quote) return { inside: match.index, after: match.index + quote.length };
    // A line ends a string that was not closed.
    if (match[0] === "\n") return { inside: match.index, after: match.index };
  }
  return { inside: text.length, after: text.length };
}

export interface PythonClass {
  name: string;
  /** Last parts of the names of what it inherits: `BaseAgent` for `core.BaseAgent`. */
  bases: string[];
  offset: number;
}

/** A class's head and a call's arguments are looked at up to here. */
const HEAD_MAX = 1_000;

export function classesIn({ code }: PythonSource): PythonClass[] {
  return [...code.matchAll(/^[ \t]*class[ \t]+([A-Za-z_]\w*)[ \t]*([[(:])/gm)].map((match) => {
    const [whole, name = ""] = match;
    const offset = match.index + whole.search(/\S/);
    let open = match.index + whole.length - 1;
    // `class Box[T: (int, str)](Base)`: what it is generic in comes first.
    if (code[open] === "[") open = endOf(code, open + 1);
    return { name, offset, bases: code[open] === "(" ? argumentsAt(code, open + 1).flatMap(baseOf) : [] };
  });
}

/** Where code goes on behind the bracket that closes, `from` being behind the opening one. */
function endOf(code: string, from: number): number {
  const most = Math.min(code.length, from + HEAD_MAX);
  let depth = 0;
  for (let at = from; at < most; at++) {
    const character = code[at] ?? "";
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character) && depth-- === 0)
      return at + 1 + (/^[ \t]*/.exec(code.slice(at + 1, most))?.[0].length ?? 0);
  }
  return most;
}

/** The arguments between brackets, `from` being behind the opening one; of one not closed what is there. */
export function argumentsAt(code: string, from: number): string[] {
  const text = code.slice(from, from + HEAD_MAX);
  let depth = 0;
  let begin = 0;
  const found: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if ("([{".includes(character)) depth++;
    else if (character === "," && depth === 0) {
      found.push(text.slice(begin, at));
      begin = at + 1;
    } else if (")]}".includes(character) && depth-- === 0) return [...found, text.slice(begin, at)];
  }
  return [...found, text.slice(begin)];
}

function baseOf(argument: string): string[] {
  const name = /^\s*((?:[A-Za-z_]\w*\s*\.\s*)*)([A-Za-z_]\w*)\s*(?:\[[\s\S]*)?$/.exec(argument)?.[2];
  return name === undefined ? [] : [name];
}
