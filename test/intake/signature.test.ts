import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { signatureMatches } from "../../src/intake/signature.ts";

const sign = (secret: string, body: Uint8Array): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

test("GitHub's own example", () => {
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
  const header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  expect(signatureMatches("It's a Secret to Everybody", Buffer.from("Hello, World!"), header)).toBe(true);
});

test("what is signed matches; with one bit of body, secret or signature changed it does not", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.uint8Array({ minLength: 1 }), fc.nat(), (secret, body, at) => {
      const header = sign(secret, body);
      expect(signatureMatches(secret, body, header)).toBe(true);
      const other = Uint8Array.from(body, (byte, index) => (index === at % body.length ? byte ^ 1 : byte));
      expect(signatureMatches(secret, other, header)).toBe(false);
      expect(signatureMatches(`${secret}x`, body, header)).toBe(false);
      const place = 7 + (at % 64);
      const digit = header[place] === "0" ? "1" : "0";
      expect(signatureMatches(secret, body, header.slice(0, place) + digit + header.slice(place + 1))).toBe(false);
    }),
  );
});

test("any header is answered without a throw", () => {
  fc.assert(
    fc.property(fc.option(fc.string({ unit: "binary" }), { nil: undefined }), (header) => {
      expect(signatureMatches("secret", Buffer.from("{}"), header)).toBe(false);
    }),
  );
});
