const CONTEXT_LINES = 3;
const NO_NEWLINE = "\\ No newline at end of file";

export type Patch = { additions: number; deletions: number; patch?: string };

/** Unified diffs whose edit script leaves no choice: one side's changed region shares no line with the other's. */
export const LineDiff = {
  /** Nothing when finding the script needs a real algorithm. */
  obvious(before: string, after: string): Patch | undefined {
    const old = lines(before);
    const now = lines(after);
    let head = 0;
    while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
    let tail = 0;
    while (
      tail < old.length - head &&
      tail < now.length - head &&
      old[old.length - 1 - tail] === now[now.length - 1 - tail]
    ) {
      tail += 1;
    }
    const removed = old.slice(head, old.length - tail);
    const added = now.slice(head, now.length - tail);
    const known = new Set(removed);
    if (added.some((line) => known.has(line))) return undefined;
    if (removed.length === 0 && added.length === 0) return { additions: 0, deletions: 0 };
    const first = Math.max(0, head - CONTEXT_LINES);
    const lead = old.slice(first, head);
    const trail = old.slice(old.length - tail, old.length - tail + CONTEXT_LINES);
    const body = [...lead.map(mark(" ")), ...removed.map(mark("-")), ...added.map(mark("+")), ...trail.map(mark(" "))];
    const context = lead.length + trail.length;
    const ranges = `-${range(first, removed.length + context)} +${range(first, added.length + context)}`;
    const patch = `@@ ${ranges} @@${section(old, first)}\n${body.join("\n")}`;
    return { additions: added.length, deletions: removed.length, patch };
  },
};

/** Lines with their terminator, so that a missing last newline is a difference. */
function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function mark(sign: string): (line: string) => string {
  return (line) => (line.endsWith("\n") ? `${sign}${line.slice(0, -1)}` : `${sign}${line}\n${NO_NEWLINE}`);
}

function range(start: number, length: number): string {
  if (length === 0) return `${start},0`;
  return length === 1 ? `${start + 1}` : `${start + 1},${length}`;
}

/** Git names the function a hunk is in: the nearest line above that starts with a letter, `_` or `$`. */
function section(old: string[], first: number): string {
  for (let at = first - 1; at >= 0; at -= 1) {
    const line = old[at] ?? "";
    if (/^[A-Za-z_$]/.test(line)) return ` ${line.trimEnd().slice(0, 80)}`;
  }
  return "";
}
