import { gzipSync } from "node:zlib";

/** One entry of a hand-made archive. `type` is the ustar type flag; regular files by default. */
export interface ArchiveEntry {
  path: string;
  bytes?: Uint8Array;
  type?: string;
}

/** A ustar archive, written by hand so that tests can put into it what no honest tool writes. */
export function tar(entries: ArchiveEntry[]): Uint8Array {
  const blocks = entries.flatMap(({ path, bytes = new Uint8Array(), type = "0" }) => [
    header(path, bytes.length, type),
    padded(bytes),
  ]);
  return new Uint8Array(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

export function tarGz(entries: ArchiveEntry[]): Uint8Array {
  return gzipSync(tar(entries));
}

function header(path: string, sizeBytes: number, type: string): Buffer {
  const block = Buffer.alloc(512);
  block.write(path, 0, 100);
  block.write("0000600\0", 100);
  block.write(`${sizeBytes.toString(8).padStart(11, "0")}\0`, 124);
  block.write("        ", 148);
  block.write(type, 156);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function padded(bytes: Uint8Array): Buffer {
  const block = Buffer.alloc(Math.ceil(bytes.length / 512) * 512);
  block.set(bytes);
  return block;
}
