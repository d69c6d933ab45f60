import { z } from "zod";
import { loadControlMaps } from "./controls.ts";
import { parseDurationMs } from "./duration.ts";

/** A value by a function; what it throws as `string` completes the sentence "NAME …". */
function by<T>(read: (text: string) => T | { problem: string }): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const value = read(text.trim());
    if (typeof value === "object" && value !== null && "problem" in value) {
      context.addIssue({ code: "custom", message: value.problem });
      return z.NEVER;
    }
    return value as T;
  });
}

function whole(text: string, min: number, max: number): number | { problem: string } {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : { problem: `must be a whole number from ${min} to ${max}` };
}

/** 0 lets the system choose a free one. */
export const port = by((text) => whole(text, 0, 65_535));

export const appId = by((text) => whole(text, 1, Number.MAX_SAFE_INTEGER));

export const httpUrl = by((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return { problem: "must be an http or https URL" };
  if (url.username || url.password) return { problem: "must not hold a user name or password" };
  if (url.search || url.hash) return { problem: "must not have a query or fragment" };
  return url.href.replace(/\/+$/, "");
});

/** Over `http` anybody on the way could bring keys of their own. */
export const issuerUrl = by((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (!url || !secure) return { problem: "must be an https URL" };
  if (url.username || url.password) return { problem: "must not hold a user name or password" };
  if (url.search || url.hash) return { problem: "must not have a query or fragment" };
  return url.href.replace(/\/+$/, "");
});

export const storeUrl = by<{ kind: "sqlite"; path: string }>((text) => {
  if (/^nats:/i.test(text)) return { problem: "names a NATS server, which is not in this version; use sqlite:PATH" };
  const path = /^sqlite:(.+)$/.exec(text)?.[1];
  if (path === undefined) return { problem: "must be sqlite:PATH" };
  if (path.includes(":memory:")) return { problem: "must name a file: what is accepted has to outlive the process" };
  return { kind: "sqlite", path: path.replace(/^\/\/(?=\/)/, "") };
});

const PINNED = "must be PATH, PATH#sha256:<64 hex digits> or https://HOST/PATH#sha256:<64 hex digits>";

export const policyBundle = by<{ path: string; sha256?: string } | { url: string; sha256: string }>((text) => {
  const [place = "", pin, more] = text.split("#");
  if (place === "" || more !== undefined) return { problem: PINNED };
  const sha256 = /^sha256:([0-9a-f]{64})$/i.exec(pin ?? "")?.[1]?.toLowerCase();
  if (pin !== undefined && sha256 === undefined) return { problem: PINNED };
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(place)) return sha256 === undefined ? { path: place } : { path: place, sha256 };
  const url = URL.canParse(place) ? new URL(place) : undefined;
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (!url || !secure) return { problem: "must be a path or an https URL" };
  if (url.username || url.password) return { problem: "must not hold a user name or password" };
  return sha256 === undefined
    ? { problem: "names a URL and must end in #sha256:<64 hex digits>, the digest of the file" }
    : { url: url.href, sha256 };
});

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** RFC 6750, section 2.1. */
export const bearerToken = by((text) =>
  /^[A-Za-z0-9._~+/-]{1,4096}=*$/.test(text)
    ? text
    : { problem: "must be a bearer token: letters, digits and ._~+/-=" },
);

/** Checked by `readPrivateKey`, with the file of PRIVATE_KEY_PATH. */
export const privateKeyText = z.string();

export function secret(minLength: number): z.ZodType<string, string> {
  return z.string().min(minLength, { error: `must have ${minLength} characters or more` });
}

/** GitHub logins, parted by commas. */
export const list = by((text) => {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const login = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?$/;
  return names.every((name) => login.test(name)) ? names : { problem: "must be GitHub logins, parted by commas" };
});

export function duration(minMs: number, maxMs: number): z.ZodType<number, string> {
  return by((text) => {
    const ms = parseDurationMs(text);
    if (ms === undefined) return { problem: "must be a duration such as 90s, 10m, 8h or 3d" };
    return ms >= minMs && ms <= maxMs ? ms : { problem: `must lie between ${minMs / 1000}s and ${maxMs / 3_600_000}h` };
  });
}

/** `host` or `host:port`, parted by commas, in lower case. */
export const hosts = by((text) => {
  const names = text
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  const host = /^(?:[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?|\[[0-9a-f:]{2,45}\])(?::\d{1,5})?$/;
  return names.every((name) => host.test(name)) ? names : { problem: "must be hosts, parted by commas" };
});

/** For an Authorization header: what has a blank or a line break in it cannot be sent. */
export function token(minLength: number): z.ZodType<string, string> {
  return by((text) =>
    /^[\x21-\x7e]+$/.test(text) && text.length >= minLength
      ? text
      : { problem: `must have ${minLength} characters or more, without blanks` },
  );
}

/** Teams as `org/team-slug`, parted by commas. */
export const teams = by<{ org: string; slug: string }[]>((text) => {
  const all = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const team = /^([A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?)\/([\w.-]{1,255})$/;
  const found = all.flatMap((name) => {
    const [, org, slug] = team.exec(name) ?? [];
    return org && slug ? [{ org: org.toLowerCase(), slug: slug.toLowerCase() }] : [];
  });
  return found.length === all.length ? found : { problem: "must be teams as org/team-slug, parted by commas" };
});

/** Where `file:` references are looked up; a manager that this version does not know is told of elsewhere. */
export const secretsUrl = by<{ directory: string | undefined }>((text) => {
  if (/^(?:env|aws-sm|azure-kv):/.test(text)) return { directory: undefined };
  const directory = /^file:(?:\/\/(?=\/))?(.+)$/.exec(text)?.[1];
  return directory === undefined ? { problem: "must be env: or file:DIRECTORY" } : { directory };
});

/** Names of maps of controls, or paths of files with some, parted by commas. */
export const controlMaps = by((text) => {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const maps = loadControlMaps(names);
  return "problems" in maps ? { problem: maps.problems[0] ?? "cannot be read" } : maps;
});

/** By its whole path: what stands in the way of `PATH` would be run otherwise. */
export const program = by((text) => (text.startsWith("/") ? text : { problem: "must be the whole path of a program" }));
