import type { Records } from "../../src/ports/records.ts";

/** Records without a store; only what one writer needs. */
export function recordsInMemory(): Records {
  const values = new Map<string, unknown>();
  const refused = () => Promise.reject(new Error("not for one writer"));
  return {
    get: async <T>(key: string) => (values.has(key) ? { key, value: values.get(key) as T, revision: 1 } : undefined),
    list: async <T>(prefix: string) =>
      [...values]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => ({ key, value: value as T, revision: 1 })),
    put: async (key, value) => {
      values.set(key, structuredClone(value));
      return 1;
    },
    compareAndSwap: refused,
    delete: async (key) => void values.delete(key),
    prune: refused,
  };
}
