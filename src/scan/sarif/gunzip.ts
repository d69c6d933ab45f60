import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** What a gzip may cost; sizes in bytes. `ratio`: unpacked over packed, which is asked once a megabyte came out. */
export interface GunzipCaps {
  packedBytes: number;
  unpackedBytes: number;
  ratio: number;
}

/** One rule that a long file breaks in each of its lines packs a hundred to one, and is no bomb. */
export const PACKED_RATIO_MAX = 200;

/** Why a gzip is not taken. */
export class GunzipProblem extends Error {
  readonly tooLarge: boolean;

  constructor(message: string, tooLarge: boolean) {
    super(message);
    this.name = "GunzipProblem";
    this.tooLarge = tooLarge;
  }
}

/** Even honest text that repeats itself packs well while there is little of it. */
const RATIO_FROM_BYTES = 1024 * 1024;

/**
 * Takes a gzip apart while it arrives: never more than a few chunks are held. Throws {@link GunzipProblem} for what is too large, packed too
 * tightly, broken or cut off; what `bytes` itself throws is passed on.
 */
export async function* gunzipped(bytes: AsyncIterable<Uint8Array>, caps: GunzipCaps): AsyncGenerator<Uint8Array> {
  let packed = 0;
  let unpacked = 0;
  let ownFault: unknown;
  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of bytes) {
        packed += chunk.length;
        if (packed > caps.packedBytes) {
          throw new GunzipProblem(`the report is larger than ${caps.packedBytes} bytes when packed`, true);
        }
        if (chunk.length > 0) yield chunk;
      }
    } catch (error) {
      ownFault = error;
      throw error;
    }
    if (packed > 0) return;
    ownFault = new GunzipProblem("the report is empty", false);
    throw ownFault;
  }
  const gunzip = createGunzip();
  const source = Readable.from(counted(), { objectMode: false });
  source.on("error", (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    for await (const chunk of gunzip) {
      unpacked += chunk.length;
      if (unpacked > caps.unpackedBytes) {
        throw new GunzipProblem(`the report is larger than ${caps.unpackedBytes} bytes when unpacked`, true);
      }
      // Of what arrived much may not be unpacked yet.
      if (unpacked > RATIO_FROM_BYTES && unpacked > gunzip.bytesWritten * caps.ratio) {
        throw new GunzipProblem(`the report is packed more tightly than ${caps.ratio} to 1`, true);
      }
      yield chunk;
    }
  } catch (error) {
    if (ownFault !== undefined) throw ownFault;
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_")) {
      const cut = error.code === "Z_BUF_ERROR";
      throw new GunzipProblem(cut ? "the packed report breaks off before its end" : "the report is not a gzip", false);
    }
    throw error;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}
