/** One call of `work` at a time, whose result, good or bad, is everybody's until `ms` after its end. */
export function atMostEvery<T>(ms: number, work: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  return () => {
    if (current) return current;
    const forget = (): void => {
      setTimeout(() => {
        current = undefined;
      }, ms).unref();
    };
    current = work();
    current.then(forget, forget);
    return current;
  };
}
