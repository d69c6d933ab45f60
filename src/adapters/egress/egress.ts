import { lookup } from "node:dns/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { type Egress, EgressError } from "../../ports/egress.ts";
import { isPublic } from "./addresses.ts";

const TIMEOUT_MS = 10_000;

export interface EgressOptions {
  /** `host` or `host:port`, lower case, that may be reached although it is not public, and without TLS. */
  allow: readonly string[];
  /** Longest that one request may take, 10 s unless given. */
  timeoutMs?: number;
  /** Every address of a host; the system's resolver unless given. */
  resolve?(host: string): Promise<string[]>;
}

/**
 * Resolves a host once, judges every address of it, and connects to the very address that was judged: what a name means cannot change in
 * between (DNS rebinding). Only `https`, but for hosts that the operator allowed by name.
 */
export function createEgress({ allow, timeoutMs = TIMEOUT_MS, resolve = addressesOf }: EgressOptions): Egress {
  return {
    async post(url, body, headers) {
      const target = new URL(url);
      const allowed = allow.includes(target.host) || allow.includes(target.hostname);
      if (target.protocol !== "https:" && !(target.protocol === "http:" && allowed))
        throw new EgressError(`${target.host}: only https, unless HMS_EGRESS_ALLOW names the host`);
      const host = target.hostname.replace(/^\[|\]$/g, "");
      const addresses = isIP(host)
        ? [host]
        : await resolve(host).catch(() => {
            throw new EgressError(`${target.host}: the name cannot be resolved`);
          });
      const address = addresses[0];
      if (address === undefined || (!allowed && !addresses.every(isPublic)))
        throw new EgressError(`${target.host}: not a public address; HMS_EGRESS_ALLOW can allow the host`);
      return send(target, address, body, headers, timeoutMs);
    },
  };
}

async function addressesOf(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function send(
  target: URL,
  address: string,
  body: string,
  headers: Record<string, string>,
  timeoutMs: number,
): Promise<{ status: number }> {
  const family = isIP(address);
  const pinned: LookupFunction = (_host, options, done) =>
    options.all ? done(null, [{ address, family }]) : done(null, address, family);
  const request = target.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const failed = () => reject(new EgressError(`${target.host}: no answer`));
    const outgoing = request(
      target,
      {
        method: "POST",
        lookup: pinned,
        signal: AbortSignal.timeout(timeoutMs),
        headers: { "user-agent": "hms-sys", ...headers, "content-length": Buffer.byteLength(body) },
      },
      (response) => {
        // Whatever it says beyond the status could be endless.
        response.destroy();
        resolve({ status: response.statusCode ?? 0 });
      },
    );
    outgoing.once("error", failed);
    outgoing.end(body);
  });
}
