import type { RecordEntry, Records } from "../ports/records.ts";

/** Records of one question, gone with it: for whoever judges without being the App that keeps them. */
export function memoryRecords(): Records {
  const entries = new Map<string, { json: string; revision: number }>();
  const read = <T>(key: string, { json, revision }: { json: string; revision: number }): RecordEntry<T> => ({
    key,
    value: JSON.parse(json) as T,
    revision,
  });
  const write = (key: string, value: unknown): number => {
    const revision = (entries.get(key)?.revision ?? 0) + 1;
    entries.set(key, { json: JSON.stringify(value), revision });
    return revision;
  };
  return {
    async get<T>(key: string) {
      const entry = entries.get(key);
      return entry && read<T>(key, entry);
    },
    async list<T>(prefix: string) {
      const found = [...entries].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
      return found.map(([key, entry]) => read<T>(key, entry));
    },
    async put(key, value) {
      return write(key, value);
    },
    async compareAndSwap(key, value, revision) {
      return (entries.get(key)?.revision ?? 0) === revision ? write(key, value) : undefined;
    },
    async delete(key) {
      entries.delete(key);
    },
    // They are gone before any of them is old.
    prune: async () => 0,
  };
}
