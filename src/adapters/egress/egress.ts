import { lookup } from "node:dns/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { type Egress, EgressError, type EgressReads } from "../../ports/egress.ts";
import { isInside, isPublic } from "./addresses.ts";

const TIMEOUT_MS = 10_000;

export interface EgressOptions {
  /** `host` or `host:port`, lower case, that may be reached although it is not public, and without TLS. */
  allow: readonly string[];
  /** Hosts of the operator's, which may lie in a private network, and do without TLS; never on this machine or where clouds have metadata. */
  inside?(hostname: string): boolean;
  /** Longest that one request may take, 10 s unless given. */
  timeoutMs?: number;
  /** Every address of a host; the system's resolver unless given. */
  resolve?(host: string): Promise<string[]>;
}

/**
 * Resolves a host once, judges every address of it, and connects to the very address that was judged: what a name means cannot change in
 * between (DNS rebinding). Only `https`, but for hosts that the operator allowed by name.
 */
export function createEgress(options: EgressOptions): Egress & EgressReads {
  return {
    async post(url, body, headers) {
      const { status } = await send(await judged(url, options), { method: "POST", headers, body }, options.timeoutMs);
      return { status };
    },
    async read(method, url, { headers = {}, maxBytes = 0 }) {
      return send(await judged(url, options), { method, headers, maxBytes }, options.timeoutMs);
    },
  };
}

/**
 * Whether a request there would be made; makes none.
 * @throws {EgressError} saying why not
 */
export async function judgeAddress(url: string, options: EgressOptions): Promise<void> {
  await judged(url, options);
}

interface Judged {
  target: URL;
  address: string;
}

async function judged(url: string, options: EgressOptions): Promise<Judged> {
  const { allow, inside, resolve = addressesOf, timeoutMs = TIMEOUT_MS } = options;
  const target = new URL(url);
  const allowed = allow.includes(target.host) || allow.includes(target.hostname);
  const ofOperator = allowed || inside?.(target.hostname) === true;
  if (target.protocol !== "https:" && !(target.protocol === "http:" && ofOperator))
    throw new EgressError(`${target.host}: only https, unless HMS_EGRESS_ALLOW names the host`);
  const host = target.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host)
    ? [host]
    : await inTime(resolve(host), timeoutMs).catch(() => {
        throw new EgressError(`${target.host}: the name cannot be resolved`);
      });
  const address = addresses[0];
  const reachable = (one: string): boolean => isPublic(one) || (ofOperator && isInside(one));
  if (address === undefined || (!allowed && !addresses.every(reachable)))
    throw new EgressError(`${target.host}: not a public address; HMS_EGRESS_ALLOW can allow the host`);
  return { target, address };
}

/** Names below `localhost` are this machine's whatever a resolver says, and not every one says so: https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
async function addressesOf(host: string): Promise<string[]> {
  if (host.endsWith(".localhost")) return ["127.0.0.1"];
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** A resolver can take longer than anybody waits. */
async function inTime<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), timeoutMs);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

interface Message {
  method: "POST" | "GET" | "HEAD";
  headers: Record<string, string>;
  body?: string;
  maxBytes?: number;
}

function send(
  { target, address }: Judged,
  { method, headers, body, maxBytes = 0 }: Message,
  timeoutMs = TIMEOUT_MS,
): Promise<{ status: number; headers: Record<string, string>; body: string }> {
  const family = isIP(address);
  const pinned: LookupFunction = (_host, options, done) =>
    options.all ? done(null, [{ address, family }]) : done(null, address, family);
  const request = target.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const failed = () => reject(new EgressError(`${target.host}: no answer`));
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const outgoing = request(
      target,
      {
        method,
        lookup: pinned,
        signal: AbortSignal.timeout(timeoutMs),
        headers: { "user-agent": "hms-sys", ...headers, ...length },
      },
      (response) => {
        const answered = (text: string) => {
          // Whatever it says beyond that could be endless.
          response.destroy();
          const told = Object.entries(response.headers).map(([name, value]) => [name, String(value ?? "")]);
          resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(told), body: text });
        };
        if (maxBytes === 0) return answered("");
        const chunks: Buffer[] = [];
        let sizeBytes = 0;
        response.on("data", (chunk: Buffer) => {
          sizeBytes += chunk.length;
          chunks.push(chunk);
          if (sizeBytes <= maxBytes) return;
          response.destroy();
          reject(new EgressError(`${target.host}: the answer is too long`, true));
        });
        response.once("end", () => answered(Buffer.concat(chunks).toString("utf8")));
        response.once("error", failed);
      },
    );
    outgoing.once("error", failed);
    outgoing.end(body);
  });
}
