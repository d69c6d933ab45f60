import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * The App's private key as PKCS#8 PEM, from its text (PEM, PEM with literal `\n` as environment files hold it, or base64 of a PEM) or
 * from a file. The problem never quotes the key.
 */
export function readPrivateKey(
  text: string | undefined,
  path: string | undefined,
): { pem: string } | { problem: string } {
  if (text !== undefined && path !== undefined)
    return { problem: "PRIVATE_KEY and PRIVATE_KEY_PATH are both set; give one" };
  if (text !== undefined) return parse(text, "PRIVATE_KEY");
  if (path === undefined) return { problem: "PRIVATE_KEY or PRIVATE_KEY_PATH is missing" };
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    return {
      problem: `PRIVATE_KEY_PATH names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`,
    };
  }
  return parse(content, "PRIVATE_KEY_PATH");
}

function parse(text: string, variable: string): { pem: string } | { problem: string } {
  const pem = pemOf(text);
  if (pem === undefined)
    return { problem: `${variable} does not hold a PEM private key, as text, with \\n for line breaks, or in base64` };
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== "rsa")
      return { problem: `${variable} holds a key that is not RSA; GitHub Apps sign with RSA` };
    return { pem: key.export({ type: "pkcs8", format: "pem" }).toString() };
  } catch {
    return {
      problem: `${variable} holds a private key that cannot be parsed; it may be cut or protected by a password`,
    };
  }
}

function pemOf(text: string): string | undefined {
  const unescaped = text
    .trim()
    .replace(/^"(.*)"$/s, "$1")
    .replaceAll("\\n", "\n")
    .replaceAll("\r\n", "\n");
  if (unescaped.includes("-----BEGIN")) return unescaped;
  if (!/^[A-Za-z0-9+/=\s]+$/.test(unescaped)) return undefined;
  const decoded = Buffer.from(unescaped, "base64").toString("utf8");
  return decoded.includes("-----BEGIN") ? decoded : undefined;
}
