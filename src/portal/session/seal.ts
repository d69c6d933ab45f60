import { createCipheriv, createDecipheriv, createPrivateKey, hkdfSync, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Locks texts up under a key that comes of the App's private key (HKDF, RFC 5869): whoever has the store without the key reads none of them,
 * and with another key of the App none can be opened.
 */
export class Seal {
  readonly #key: Buffer;

  /** @param salt something else that whoever opens has to bring; keys of two salts have nothing in common. */
  constructor(privateKeyPem: string, purpose: string, salt = "") {
    const secret = createPrivateKey(privateKeyPem).export({ type: "pkcs8", format: "der" });
    this.#key = Buffer.from(hkdfSync("sha256", secret, salt, `hms-sys ${purpose} v1`, 32));
  }

  /** @param boundTo what it belongs to: moved elsewhere, it does not open. */
  close(text: string, boundTo: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv).setAAD(Buffer.from(boundTo));
    const locked = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), locked]).toString("base64url");
  }

  /** Undefined for what was not closed with this key for that. */
  open(sealed: string, boundTo: string): string | undefined {
    const bytes = Buffer.from(sealed, "base64url");
    if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(boundTo))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString("utf8");
    } catch {
      // The tag does not fit.
      return undefined;
    }
  }
}
