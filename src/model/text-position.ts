/** Line and column, both 1-based, of an offset in UTF-16 code units. */
export type Position = (offset: number) => { line: number; column: number };

/** Positions in a text. The YAML library's own line counter is off where it gave up on one. */
export function positionsIn(text: string): Position {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    const bounded = Math.max(0, Math.min(offset, text.length));
    let line = 0;
    let after = starts.length;
    while (after - line > 1) {
      const middle = (line + after) >> 1;
      if ((starts[middle] ?? 0) <= bounded) line = middle;
      else after = middle;
    }
    return { line: line + 1, column: bounded - (starts[line] ?? 0) + 1 };
  };
}
