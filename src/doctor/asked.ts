/** What was asked, or in one line why it could not be had. */
export type Asked<T> = { ok: true; value: T } | { ok: false; problem: string };

export async function asked<T>(ask: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { ok: true, value: await ask() };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? (error.message.split("\n")[0] ?? "") : "unknown error" };
  }
}

/** In order, a few at a time. */
export async function mapFew<T, U>(items: readonly T[], atOnce: number, work: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  for (let i = 0; i < items.length; i += atOnce)
    results.push(...(await Promise.all(items.slice(i, i + atOnce).map(work))));
  return results;
}
