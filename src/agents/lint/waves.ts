/** Something to do. `after`: ids that come first; those that nobody has are passed over. */
export interface WaveItem {
  id: string;
  /** Higher comes first among those that may. */
  score: number;
  after: readonly string[];
  /** What it changes: two that change the same do not share a wave. */
  changes: string;
}

export interface Waves {
  /** Ids. Whatever an id comes after, but for `broken`, stands in an earlier wave. */
  waves: string[][];
  /** Dependencies that were not kept, because they close a cycle: `item` does not wait for `after`. `cycle` begins and ends with `after`'s waiting. */
  broken: { item: string; after: string; cycle: string[] }[];
}

/** Orders items so that each comes after what it needs; as many as can go together stand in one wave. Equal input, equal output. */
export function wavesOf(items: readonly WaveItem[]): Waves {
  const byId = new Map(items.map((item) => [item.id, item]));
  const unique = [...byId.values()];
  const kept = new Map(unique.map(({ id, after }) => [id, new Set(after.filter((other) => byId.has(other)))]));
  const broken = breakCycles(unique, kept);
  const waves: string[][] = [];
  const waiting = new Map([...kept].map(([id, after]) => [id, after.size]));
  const blocks = new Map<string, string[]>();
  for (const { id } of unique) blocks.set(id, []);
  for (const [id, after] of kept) for (const other of after) blocks.get(other)?.push(id);
  let ready = unique.filter(({ id }) => waiting.get(id) === 0);
  while (ready.length > 0) {
    const changed = new Set<string>();
    const wave: string[] = [];
    const later: WaveItem[] = [];
    for (const item of ready.sort(urgentFirst)) {
      if (changed.has(item.changes)) later.push(item);
      else {
        changed.add(item.changes);
        wave.push(item.id);
      }
    }
    for (const done of wave) {
      for (const id of blocks.get(done) ?? []) {
        const left = (waiting.get(id) ?? 0) - 1;
        waiting.set(id, left);
        const item = byId.get(id);
        if (left === 0 && item) later.push(item);
      }
    }
    waves.push(wave);
    ready = later;
  }
  return { waves, broken };
}

/**
 * Takes a dependency out of each cycle: going from the least urgent item along what it waits for, whatever leads back to an item on the
 * way is not kept. So the more urgent ones of a cycle go first.
 */
function breakCycles(items: readonly WaveItem[], kept: Map<string, Set<string>>): Waves["broken"] {
  const broken: Waves["broken"] = [];
  const finished = new Set<string>();
  for (const { id: root } of [...items].sort(urgentFirst).reverse()) {
    if (finished.has(root)) continue;
    const onWay = new Map<string, number>([[root, 0]]);
    const way = [{ id: root, left: [...(kept.get(root) ?? [])] }];
    while (way.length > 0) {
      const { id, left } = way.at(-1) as { id: string; left: string[] };
      const other = left.pop();
      if (other === undefined) {
        way.pop();
        onWay.delete(id);
        finished.add(id);
      } else if (onWay.has(other)) {
        kept.get(id)?.delete(other);
        broken.push({ item: id, after: other, cycle: way.slice(onWay.get(other)).map((step) => step.id) });
      } else if (!finished.has(other)) {
        onWay.set(other, way.length);
        way.push({ id: other, left: [...(kept.get(other) ?? [])] });
      }
    }
  }
  return broken;
}

function urgentFirst(a: WaveItem, b: WaveItem): number {
  return b.score - a.score || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
