import { createHash } from "node:crypto";

/**
 * The one text of a JSON value: keys sorted by UTF-16 code units, no white space, as RFC 8785 (JCS) writes it. What digests and hash chains
 * are taken over. Properties that are `undefined` or functions are left out and `toJSON` is honoured, as in `JSON.stringify`.
 * @throws {TypeError} for what JSON cannot say (NaN, Infinity, bigint, a lone undefined): a digest must not hide a lost value.
 */
export function canonicalJson(value: unknown): string {
  const text = write(value);
  if (text === undefined) throw new TypeError(`not a JSON value: ${typeof value}`);
  return text;
}

/** SHA-256 in lower-case hex; text is taken as UTF-8. */
export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function write(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`not a JSON value: ${value}`);
      return JSON.stringify(value);
    case "bigint":
      throw new TypeError("not a JSON value: bigint");
    case "object":
      return value === null ? "null" : writeObject(value);
    default:
      return undefined;
  }
}

function writeObject(value: object): string | undefined {
  if ("toJSON" in value && typeof value.toJSON === "function") return write(value.toJSON());
  if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item) ?? "null").join(",")}]`;
  const members: string[] = [];
  for (const name of Object.keys(value).sort()) {
    const text = write((value as Record<string, unknown>)[name]);
    if (text !== undefined) members.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${members.join(",")}}`;
}
