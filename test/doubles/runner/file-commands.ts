/** Environment files: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#environment-files — `name=value`, or `name<<END` with lines up to `END`. */
export function readFileCommands(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (line === "") continue;
    const equals = line.indexOf("=");
    const heredoc = line.indexOf("<<");
    if (heredoc >= 0 && (equals < 0 || heredoc < equals)) {
      const end = line.slice(heredoc + 2);
      const until = lines.indexOf(end, at + 1);
      if (end === "" || until < 0) throw new Error(`Invalid value. Matching delimiter not found '${end}'`);
      values[line.slice(0, heredoc)] = lines.slice(at + 1, until).join("\n");
      at = until;
    } else if (equals > 0) values[line.slice(0, equals)] = line.slice(equals + 1);
    else throw new Error(`Invalid format '${line}'`);
  }
  return values;
}

/** Lines that the runner takes for commands to itself: `::name …::…` at a line's beginning, `##[name …]…` anywhere in it. */
export function commandsIn(output: string): string[] {
  return output.split(/\r?\n/).flatMap((line) => {
    const command = /^\s*::([a-z-]+)(?:\s[^:]*)?::/i.exec(line)?.[1] ?? /##\[([a-z-]+)/i.exec(line)?.[1];
    return command === undefined ? [] : [command];
  });
}
