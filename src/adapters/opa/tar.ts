const BLOCK_BYTES = 512;

/** One regular file of a tar archive. */
export interface TarEntry {
  /** Path without a leading slash or `./`. */
  path: string;
  bytes: Uint8Array;
}

/**
 * The regular files of a POSIX (ustar) archive, as OPA writes its bundles. Throws on everything that a bundle does not
 * need: links, devices, extension headers, `..` in a path, the same path twice, cut-off archives.
 */
export function readTar(archive: Uint8Array, limits: { maxEntries: number }): TarEntry[] {
  const entries = new Map<string, TarEntry>();
  let offset = 0;
  while (offset + BLOCK_BYTES <= archive.length) {
    const header = archive.subarray(offset, offset + BLOCK_BYTES);
    if (header.every((byte) => byte === 0)) return [...entries.values()];
    verifyChecksum(header);
    const path = entryPath(header);
    const sizeBytes = octal(header, 124, 12);
    const start = offset + BLOCK_BYTES;
    if (start + sizeBytes > archive.length) throw new Error(`the archive ends within ${path}`);
    if (isRegularFile(header, path)) {
      if (entries.has(path)) throw new Error(`${path} is in the archive twice`);
      if (entries.size >= limits.maxEntries) throw new Error(`the archive has more than ${limits.maxEntries} files`);
      entries.set(path, { path, bytes: archive.slice(start, start + sizeBytes) });
    }
    offset = start + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  throw new Error("the archive has no end");
}

function isRegularFile(header: Uint8Array, path: string): boolean {
  const type = String.fromCharCode(header[156] ?? 0);
  if (type === "0" || type === "\0") return true;
  if (type === "5") return false;
  throw new Error(`${path} is neither a file nor a directory`);
}

function entryPath(header: Uint8Array): string {
  const prefix = text(header, 257, 5) === "ustar" ? text(header, 345, 155) : "";
  const whole = prefix === "" ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
  const path = whole.replace(/^(?:\.?\/)+/, "");
  if (path.split("/").includes("..") || path.includes("\\")) throw new Error("a path in the archive leads out of it");
  return path;
}

function verifyChecksum(header: Uint8Array): void {
  let sum = 0;
  // The checksum's own eight bytes count as spaces.
  for (const [i, byte] of header.entries()) sum += i >= 148 && i < 156 ? 0x20 : byte;
  if (sum !== octal(header, 148, 8)) throw new Error("a header in the archive is damaged");
}

function octal(header: Uint8Array, start: number, length: number): number {
  const digits = text(header, start, length).trim();
  if (!/^[0-7]{1,11}$/.test(digits)) throw new Error("a number in the archive is damaged");
  return Number.parseInt(digits, 8);
}

function text(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}
