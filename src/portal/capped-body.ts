import type { Context } from "hono";

/** Reads the body into memory, up to a cap, and puts it back for the handler; false when it is larger. */
export async function capBody(context: Context, maxBytes: number): Promise<boolean> {
  const { raw } = context.req;
  if (!raw.body) return true;
  if (Number(raw.headers.get("content-length") ?? 0) > maxBytes) return false;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of raw.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return false;
    chunks.push(chunk);
  }
  const { url, method, headers, signal } = raw;
  context.req.raw = new Request(url, { method, headers, signal, body: Buffer.concat(chunks) });
  return true;
}
