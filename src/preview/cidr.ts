interface Range {
  bits: 32 | 128;
  start: bigint;
  prefix: number;
}

/** Whether the first range of addresses lies in the second, or is it. Ranges of different families, and texts that are none, do not. */
export function liesIn(inner: string, outer: string): boolean {
  const [a, b] = [rangeOf(inner), rangeOf(outer)];
  if (!a || !b || a.bits !== b.bits || a.prefix < b.prefix) return false;
  const shift = BigInt(b.bits - b.prefix);
  return a.start >> shift === b.start >> shift;
}

export function isIpv6Range(cidr: string): boolean {
  return rangeOf(cidr)?.bits === 128;
}

function rangeOf(cidr: string): Range | undefined {
  const [address = "", length = ""] = cidr.split("/", 2);
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  const groups = ipv4Bytes(address);
  if (groups) return prefix <= 32 ? { bits: 32, start: numberOf(groups, 8n), prefix } : undefined;
  const words = ipv6Words(address);
  return words && prefix <= 128 ? { bits: 128, start: numberOf(words, 16n), prefix } : undefined;
}

function numberOf(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((sum, part) => (sum << width) | BigInt(part), 0n);
}

function ipv4Bytes(address: string): number[] | undefined {
  const bytes = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address) ? address.split(".").map(Number) : [];
  return bytes.length === 4 && bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** https://www.rfc-editor.org/rfc/rfc4291#section-2.2 */
function ipv6Words(address: string): number[] | undefined {
  const [head = "", tail, ...more] = address.split("::");
  const before = wordsOf(head);
  const after = wordsOf(tail ?? "");
  if (!before || !after || more.length > 0 || !address.includes(":")) return undefined;
  const zeros = 8 - before.length - after.length;
  if (tail === undefined ? zeros !== 0 : zeros < 1) return undefined;
  return [...before, ...Array<number>(zeros).fill(0), ...after];
}

/** `2001:db8`, or with an address of IPv4 at its end; it counts for two words. */
function wordsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const dotted = ipv4Bytes(parts.at(-1) ?? "");
  const words = (dotted ? parts.slice(0, -1) : parts).map((part) =>
    /^[0-9a-fA-F]{1,4}$/.test(part) ? Number.parseInt(part, 16) : Number.NaN,
  );
  if (words.some(Number.isNaN)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = dotted ?? [];
  return dotted ? [...words, a * 256 + b, c * 256 + d] : words;
}
