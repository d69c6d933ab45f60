import { createHmac, timingSafeEqual } from "node:crypto";

/** `X-Hub-Signature-256` over the raw bytes: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
export function signatureMatches(secret: string, body: Uint8Array, header: string | undefined): boolean {
  if (header === undefined || !/^sha256=[0-9a-f]{64}$/.test(header)) return false;
  const expected = createHmac("sha256", secret).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(header.slice(7), "hex"));
}
