/**
 * Strongly connected components of a graph (Tarjan, without recursion, as graphs of others may be a long chain): those of more than one
 * node, and single nodes that point to themselves. Nodes come in the order of `next`.
 */
export function cyclicComponents(next: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const found: string[][] = [];
  for (const root of next.keys()) {
    if (index.has(root)) continue;
    const work: { node: string; at: number }[] = [{ node: root, at: 0 }];
    while (work.length > 0) {
      const frame = work.at(-1) as { node: string; at: number };
      const { node } = frame;
      if (frame.at === 0) {
        index.set(node, index.size);
        low.set(node, index.get(node) as number);
        stack.push(node);
        onStack.add(node);
      }
      const other = next.get(node)?.[frame.at];
      if (other !== undefined) {
        frame.at++;
        if (!index.has(other)) work.push({ node: other, at: 0 });
        else if (onStack.has(other)) lower(low, node, index.get(other) as number);
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent) lower(low, parent.node, low.get(node) as number);
      if (low.get(node) !== index.get(node)) continue;
      const members = stack.splice(stack.lastIndexOf(node));
      for (const member of members) onStack.delete(member);
      if (members.length > 1 || next.get(node)?.includes(node)) found.push(members);
    }
  }
  return found;
}

function lower(low: Map<string, number>, node: string, value: number): void {
  low.set(node, Math.min(low.get(node) as number, value));
}

/** A shortest cycle through `from` within `members`, as `[from, …]`, following `next`; empty if there is none. */
export function shortestCycle(
  next: ReadonlyMap<string, readonly string[]>,
  members: ReadonlySet<string>,
  from: string,
): string[] {
  const cameFrom = new Map<string, string>();
  const queue = [from];
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at] as string;
    for (const other of next.get(node) ?? []) {
      if (other === from) {
        const path = [node];
        for (let back = node; back !== from; ) {
          back = cameFrom.get(back) as string;
          path.push(back);
        }
        return path.reverse();
      }
      if (!members.has(other) || cameFrom.has(other)) continue;
      cameFrom.set(other, node);
      queue.push(other);
    }
  }
  return [];
}
