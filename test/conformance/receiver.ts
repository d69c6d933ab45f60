import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Received = {
  event: string;
  delivery: string;
  headers: Record<string, string>;
  body: unknown;
  signed: boolean;
};

/** A webhook endpoint that keeps what it gets. */
export async function startReceiver(
  secret: string,
): Promise<{ url: string; received: Received[]; close: () => Promise<void> }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      const raw = Buffer.concat(chunks);
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const signature = `sha256=${createHmac("sha256", secret).update(raw).digest("hex")}`;
      received.push({
        event: headers["x-github-event"] ?? "",
        delivery: headers["x-github-delivery"] ?? "",
        headers,
        body: JSON.parse(raw.toString("utf8")) as unknown,
        signed: headers["x-hub-signature-256"] === signature,
      });
      response.end("ok");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
