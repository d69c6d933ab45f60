import type { IncomingMessage } from "node:http";

export type BodyResult = Buffer | "too-large" | "too-slow" | "too-many";

export interface BodyLimits {
  maxBytes: number;
  withinMs: number;
  inFlight: InFlight;
}

/** Bytes of bodies that are held, over all connections: many large ones at once must not take the process down. */
export class InFlight {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxBytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }
}

/** Reads a request's body and gives it to `use`; its bytes count as in flight until `use` is through. */
export async function withBody<T>(
  request: IncomingMessage,
  { maxBytes, withinMs, inFlight }: BodyLimits,
  use: (body: BodyResult) => Promise<T>,
): Promise<T> {
  let size = 0;
  const read = new Promise<BodyResult>((resolve, reject) => {
    let chunks: Buffer[] = [];
    const giveUp = (why: "too-large" | "too-slow" | "too-many"): void => {
      request.off("data", take).pause();
      chunks = [];
      resolve(why);
    };
    const timer = setTimeout(giveUp, withinMs, "too-slow");
    const take = (chunk: Buffer): void => {
      if (size + chunk.length > maxBytes) giveUp("too-large");
      else if (!inFlight.fits(chunk.length)) giveUp("too-many");
      else {
        size += chunk.length;
        inFlight.add(chunk.length);
        chunks.push(chunk);
      }
    };
    request.on("data", take);
    request.on("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.on("error", reject);
    request.on("close", () => {
      clearTimeout(timer);
      if (!request.complete) reject(new Error("the connection was closed before the whole delivery had arrived"));
    });
  });
  try {
    return await use(await read);
  } finally {
    inFlight.add(-size);
  }
}
