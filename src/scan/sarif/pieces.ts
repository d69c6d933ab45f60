import { isUtf8 } from "node:buffer";
import { type Place, ReportProblem } from "./problem.ts";

export interface PieceLimits {
  unpackedBytes: number;
  /** Of one piece, such as a result or all of a tool's rules. */
  pieceBytes: number;
  /** Of one piece: small as they are written, each has its price in memory. */
  pieceValues: number;
  /** Of all pieces together. */
  values: number;
  depth: number;
  /** Of one string, in bytes as it is written; what is longer is cut, not refused. */
  stringBytes: number;
}

export interface PieceListener {
  /** Whether the container at `place` is taken apart; all else comes as one piece. */
  opens(place: Place, container: "object" | "array"): boolean;
  /** `values`: how many it holds, itself included. */
  piece(place: Place, value: unknown, values: number): void;
  /** A container that was taken apart is over. */
  closed(place: Place): void;
}

interface Frame {
  place: Place;
  /** Undefined for an array. */
  keys: Set<string> | undefined;
  /** Of the value that comes next. */
  at: string | number;
  expects: "first" | "key" | "colon" | "value" | "comma";
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
const [COMMA, COLON, LETTER_U] = [0x2c, 0x3a, 0x75];
const MARK = [0xef, 0xbb, 0xbf];
/** Of an object that is taken apart: the standard knows some thirty. */
const KEYS_MAX = 1_000;

/**
 * Takes a JSON document apart while it arrives, in one pass over its bytes: outer containers as the listener wants, everything in them as
 * pieces that `JSON.parse` reads. Depth, sizes and endless strings are stopped before anything is made of them; never more than one piece is
 * held. Throws {@link ReportProblem} at the first byte that cannot be right.
 */
export class PieceReader {
  /** Strings that were longer than the limit. */
  cutStrings = 0;
  readonly #limits: PieceLimits;
  readonly #listener: PieceListener;
  readonly #frames: Frame[] = [];
  #bytes = 0;
  #state: "start" | "inside" | "over" = "start";
  #capture: "none" | "container" | "string" | "scalar" = "none";
  #isKey = false;
  #parts: Uint8Array[] = [];
  #pieceBytes = 0;
  #pieceValues = 0;
  #values = 0;
  #depth = 0;
  #inString = false;
  /** Bytes of an escape sequence that are still to come. */
  #escape = 0;
  #stringBytes = 0;
  #cutting = false;

  constructor(limits: PieceLimits, listener: PieceListener) {
    this.#limits = limits;
    this.#listener = listener;
  }

  push(chunk: Uint8Array): void {
    if (this.#bytes + chunk.length > this.#limits.unpackedBytes) {
      throw new ReportProblem(this.#place(), `the report is larger than ${this.#limits.unpackedBytes} bytes`, true);
    }
    let at = 0;
    while (at < chunk.length) {
      if (this.#capture === "none") this.#structure(chunk[at] ?? 0, this.#bytes + at++);
      else at = this.#continue(chunk, at);
    }
    this.#bytes += chunk.length;
  }

  end(): void {
    if (this.#state === "over") return;
    if (this.#bytes === 0) throw new ReportProblem([], "it is empty");
    throw new ReportProblem(this.#place(), "the report breaks off here");
  }

  /** Where the reader is: the value that comes next, or is being read. */
  #place(): Place {
    const frame = this.#frames.at(-1);
    if (!frame) return [];
    const unnamed = frame.keys !== undefined && (frame.expects === "first" || frame.expects === "key");
    return unnamed ? frame.place : [...frame.place, frame.at];
  }

  /** One byte between pieces. */
  #structure(byte: number, offset: number): void {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    if (offset < MARK.length && byte === MARK[offset]) return;
    if (byte === 0 || (offset < 2 && byte >= 0xfe)) {
      throw new ReportProblem(this.#place(), "the report is written in UTF-16 or UTF-32 where JSON wants UTF-8");
    }
    const frame = this.#frames.at(-1);
    if (!frame) {
      if (this.#state === "over") throw new ReportProblem([], "something stands after its end");
      if (byte !== OPEN_BRACE) throw new ReportProblem([], "it is not a JSON object");
      this.#state = "inside";
      this.#frames.push({ place: [], keys: new Set(), at: "", expects: "first" });
      return;
    }
    const { keys, expects } = frame;
    if (byte === (keys ? CLOSE_BRACE : CLOSE_BRACKET) && (expects === "first" || expects === "comma")) {
      this.#close();
    } else if (expects === "comma" && byte === COMMA) {
      if (typeof frame.at === "number") frame.at++;
      frame.expects = keys ? "key" : "value";
    } else if (keys && (expects === "first" || expects === "key") && byte === QUOTE) {
      this.#isKey = true;
      this.#begin("string", byte);
    } else if (expects === "colon" && byte === COLON) {
      frame.expects = "value";
    } else if (expects === "value" || (expects === "first" && !keys)) {
      this.#value(byte);
    } else {
      throw new ReportProblem(this.#place(), "this is not JSON");
    }
  }

  #value(byte: number): void {
    const place = this.#place();
    const container = byte === OPEN_BRACE ? "object" : byte === OPEN_BRACKET ? "array" : undefined;
    if (container && this.#listener.opens(place, container)) {
      const keys = container === "object" ? new Set<string>() : undefined;
      this.#frames.push({ place, keys, at: keys ? "" : 0, expects: "first" });
    } else this.#begin(container ? "container" : byte === QUOTE ? "string" : "scalar", byte);
  }

  #close(): void {
    const frame = this.#frames.pop();
    this.#listener.closed(frame?.place ?? []);
    const outer = this.#frames.at(-1);
    if (outer) outer.expects = "comma";
    else this.#state = "over";
  }

  #begin(capture: "container" | "string" | "scalar", first: number): void {
    this.#capture = capture;
    this.#parts = [Uint8Array.of(first)];
    this.#pieceBytes = 1;
    this.#pieceValues = 1;
    this.#depth = capture === "container" ? 1 : 0;
    this.#inString = capture === "string";
    this.#stringBytes = 0;
    this.#escape = 0;
    this.#cutting = false;
  }

  /** Goes on with a piece; gives back where to go on behind it. */
  #continue(chunk: Uint8Array, start: number): number {
    if (this.#capture === "scalar") return this.#scalar(chunk, start);
    const { depth: deepest, stringBytes: longest } = this.#limits;
    const outside = this.#frames.length;
    let from = start;
    for (let at = start; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.#inString) {
        if (this.#escape > 0) {
          this.#escape += byte === LETTER_U && this.#escape === 1 ? 3 : -1;
        } else if (byte === QUOTE) {
          if (this.#cutting) from = at;
          this.#cutting = false;
          this.#inString = false;
          if (this.#capture === "string") return this.#finish(chunk, from, at + 1);
          continue;
        } else {
          // Only between two characters, so that what is left is still a string.
          if (this.#stringBytes >= longest && !this.#cutting && (byte < 0x80 || byte >= 0xc0)) {
            this.#keep(chunk, from, at);
            this.#cutting = true;
            this.cutStrings++;
          }
          if (byte === BACKSLASH) this.#escape = 1;
        }
        this.#stringBytes++;
      } else if (byte === QUOTE) {
        this.#inString = true;
        this.#stringBytes = 0;
      } else if (byte === COMMA) {
        this.#countValue();
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        this.#countValue();
        if (++this.#depth + outside > deepest) {
          throw new ReportProblem(this.#place(), `it is nested deeper than ${deepest} levels`);
        }
      } else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --this.#depth === 0) {
        return this.#finish(chunk, from, at + 1);
      }
    }
    if (!this.#cutting) this.#keep(chunk, from, chunk.length);
    return chunk.length;
  }

  /** A number, `true`, `false` or `null` ends before what parts values. */
  #scalar(chunk: Uint8Array, start: number): number {
    for (let at = start; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte <= 0x20 || byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        return this.#finish(chunk, start, at);
      }
    }
    this.#keep(chunk, start, chunk.length);
    return chunk.length;
  }

  /** Before anything is made of them. The first in a container is counted with its bracket. */
  #countValue(): void {
    const { pieceValues } = this.#limits;
    if (++this.#pieceValues > pieceValues) {
      throw new ReportProblem(this.#place(), `it holds more than ${pieceValues} values`, true);
    }
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    this.#pieceBytes += to - from;
    if (this.#pieceBytes > this.#limits.pieceBytes) {
      throw new ReportProblem(this.#place(), `it is larger than ${this.#limits.pieceBytes} bytes`, true);
    }
    // A copy: whoever made the chunk may use its memory again.
    this.#parts.push(chunk.slice(from, to));
  }

  #finish(chunk: Uint8Array, from: number, to: number): number {
    this.#keep(chunk, from, to);
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#capture = "none";
    const place = this.#place();
    this.#values += this.#pieceValues;
    if (this.#values > this.#limits.values) {
      throw new ReportProblem(place, `the report holds more than ${this.#limits.values} values up to here`, true);
    }
    const value = parse(bytes, place);
    const frame = this.#frames.at(-1);
    if (frame && this.#isKey) {
      this.#isKey = false;
      const key = String(value);
      if (frame.keys?.has(key)) throw new ReportProblem([...frame.place, key], "this key stands there twice");
      if (frame.keys && frame.keys.size >= KEYS_MAX) {
        throw new ReportProblem(frame.place, `it has more than ${KEYS_MAX} keys`);
      }
      frame.keys?.add(key);
      frame.at = key;
      frame.expects = "colon";
    } else if (frame) {
      this.#listener.piece(place, value, this.#pieceValues);
      frame.expects = "comma";
    }
    return to;
  }
}

function parse(bytes: Buffer, place: Place): unknown {
  if (!isUtf8(bytes)) throw new ReportProblem(place, "it is not UTF-8");
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    // The parser's message quotes what it read.
    if (error instanceof SyntaxError) throw new ReportProblem(place, "this is not JSON");
    throw error;
  }
}
