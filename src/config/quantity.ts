const NANOS = 1_000_000_000n;
const DECIMAL: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  "": NANOS,
  k: NANOS * 10n ** 3n,
  M: NANOS * 10n ** 6n,
  G: NANOS * 10n ** 9n,
  T: NANOS * 10n ** 12n,
  P: NANOS * 10n ** 15n,
  E: NANOS * 10n ** 18n,
  Ki: NANOS * 2n ** 10n,
  Mi: NANOS * 2n ** 20n,
  Gi: NANOS * 2n ** 30n,
  Ti: NANOS * 2n ** 40n,
  Pi: NANOS * 2n ** 50n,
  Ei: NANOS * 2n ** 60n,
};

/**
 * A Kubernetes quantity in billionths of its unit, so that `2` and `2000m` are the same; undefined where the text is none.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function nanosOf(text: string): bigint | undefined {
  const match = /^(\d{1,30})(?:\.(\d{0,15}))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?$/.exec(text);
  if (!match) return undefined;
  const [, whole = "0", fraction = "", suffix = "", exponent] = match;
  const power = exponent === undefined ? 0 : Number(exponent);
  const scaled = BigInt(whole + fraction) * (DECIMAL[suffix] ?? NANOS) * (power > 0 ? 10n ** BigInt(power) : 1n);
  return scaled / (10n ** BigInt(fraction.length) * (power < 0 ? 10n ** BigInt(-power) : 1n));
}

/** The smaller of two quantities, as it is written. */
export function lesser(one: string, other: string): string {
  return (nanosOf(one) ?? 0n) <= (nanosOf(other) ?? 0n) ? one : other;
}

/** A quantity as people write it in a file: no signs, no exponents, no more digits than anybody means. */
export function writtenQuantity(text: string): bigint | undefined {
  return /^\d{1,7}(?:\.\d{1,3})?(?:m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.test(text) ? nanosOf(text) : undefined;
}
