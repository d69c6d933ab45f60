import { EvaluationError } from "./answer.ts";
import { reasonOf } from "./engine.ts";

const MAX_INPUT_BYTES = 8 * 1024 * 1024;
/** A checker's input is five levels deep; the compiled policy's stack ends at a few thousand. */
const MAX_DEPTH = 64;

/** The input as the policy reads it. Throws {@link EvaluationError} on one that is too large or too deep to be judged. */
export function encodedInput(input: unknown, maxBytes = MAX_INPUT_BYTES): ArrayBuffer {
  try {
    return encoded(input, maxBytes);
  } catch (error) {
    throw new EvaluationError(`The checker could not decide: ${reasonOf(error)}.`);
  }
}

function encoded(input: unknown, maxBytes: number): ArrayBuffer {
  const text = JSON.stringify(input);
  if (typeof text !== "string") throw new Error("its input is not a JSON document");
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > maxBytes) throw new Error(`its input has ${sizeBytes} bytes, and the limit is ${maxBytes}`);
  if (isTooDeep(text)) throw new Error(`its input is nested deeper than ${MAX_DEPTH} levels`);
  return new Uint8Array(Buffer.from(text)).buffer;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isTooDeep(json: string): boolean {
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(json, i);
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/** Where the quotation mark stands that ends the string which begins at `start`. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end > 0; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return json.length;
}
