import { createHmac, timingSafeEqual } from "node:crypto";

/** Whether it can be a signature at all, which is known before the body. */
export function signatureShaped(header: string | undefined): header is string {
  return header !== undefined && /^sha256=[0-9a-f]{64}$/.test(header);
}

/** `X-Hub-Signature-256` over the raw bytes: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
export function signatureMatches(secret: string, body: Uint8Array, header: string | undefined): boolean {
  if (!signatureShaped(header)) return false;
  const expected = createHmac("sha256", secret).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(header.slice(7), "hex"));
}
