/** One file of a commit as the scanner takes it. */
export interface FileToScan {
  path: string;
  text: string;
  /** For each line of `text` its 1-based line in the file, 0 where it has none; absent: `text` is the whole file. */
  lineNumbers?: number[];
  /** Only findings that touch one of these lines of the file count; absent: all do. */
  addedLines?: ReadonlySet<number>;
  /** `text` holds the printable strings of a binary file, its lines mean nothing. What is beyond the size limit is a finding. */
  binary?: boolean;
}

const BINARY_RUN = /[\x20-\x7e\t]{8,}/g;

/**
 * A blob's bytes as the texts to scan: byte order marks and UTF-16 are understood. A file with NUL bytes is binary for git, and GitHub
 * shows no patch of it; one such byte must not hide a key, so its printable strings are what is scanned. Neither must two bytes that
 * make it look like UTF-16, so of such a file both are scanned.
 */
export function filesOfBlob(path: string, bytes: Uint8Array, addedLines?: ReadonlySet<number>): FileToScan[] {
  const encoding = encodingOf(bytes);
  const decoded = encoding === undefined ? [] : [new TextDecoder(encoding).decode(bytes)];
  const files = decoded.map((text): FileToScan => (addedLines ? { path, text, addedLines } : { path, text }));
  if (encoding === "utf-8") return files;
  const latin = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const strings = latin.match(BINARY_RUN) ?? [];
  if (files.length === 0 || strings.length > 0) files.push({ path, text: strings.join("\n"), binary: true });
  return files;
}

function encodingOf(bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const sample = bytes.subarray(0, 4096);
  let even = 0;
  let odd = 0;
  for (let i = 0; i < sample.length; i++) if (sample[i] === 0) i % 2 === 0 ? even++ : odd++;
  if (even === 0 && odd === 0) return bytes.includes(0) ? undefined : "utf-8";
  // UTF-16 without a byte order mark: in text that is mostly ASCII every second byte is NUL, and always the same one.
  if (even === 0 && odd > sample.length * 0.4) return "utf-16le";
  if (odd === 0 && even > sample.length * 0.4) return "utf-16be";
  return undefined;
}

/**
 * The name under which the tool sees a file. Some rules look at names, and one opens the file of that name from the disk of this
 * machine: a path from a pull request must not reach it, and no extension but the two that rules need.
 */
export function toolFileName(path: string | undefined): string {
  const base = path?.split("/").at(-1) ?? "";
  if (base === "package.json" || base === "package-lock.json") return base;
  if (base.endsWith(".npmrc")) return ".npmrc";
  return base.endsWith(".json") ? "file.json" : "file.txt";
}
