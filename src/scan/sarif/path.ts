import type { SarifArtifactLocation } from "./format.ts";

/** What a report says about where its files are. */
export interface Bases {
  originalUriBaseIds: Readonly<Record<string, SarifArtifactLocation>>;
  artifacts: readonly (SarifArtifactLocation | undefined)[];
}

/** `outside`: it names a place that is not in the repository, `uri` as it was written. */
export type Located = { path: string } | { outside: string } | undefined;

const PATH_MAX = 4_096;
/** Bases that build on each other. */
const CHAIN_MAX = 8;
/** Names by which tools call the root of what they scan. */
const ROOTS = /^%?(?:SRCROOT|ROOTPATH|REPOROOT|REPO_ROOT|PROJECTROOT|SOURCEROOT|WORKINGDIR)%?$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/** The path in the repository that a location names; undefined where it names nothing. */
export function locate(location: SarifArtifactLocation | undefined, bases: Bases): Located {
  const known =
    location?.uri === undefined && location?.index !== undefined && location.index >= 0
      ? bases.artifacts[location.index]
      : location;
  if (known?.uri === undefined || known.uri === "") return undefined;
  const { uri } = known;
  const whole = resolve(known, bases, CHAIN_MAX);
  const path = whole === undefined ? undefined : inRepository(whole, bases);
  return path === undefined ? { outside: uri } : { path };
}

/** The URI with its bases in front of it; undefined for a chain that goes round or has no end. A base that nobody explains is the root. */
function resolve({ uri = "", uriBaseId }: SarifArtifactLocation, bases: Bases, left: number): string | undefined {
  if (uriBaseId === undefined || isAbsolute(uri)) return uri;
  if (left === 0) return undefined;
  const base = Object.hasOwn(bases.originalUriBaseIds, uriBaseId) ? bases.originalUriBaseIds[uriBaseId] : undefined;
  if (base?.uri === undefined) {
    return base?.uriBaseId === undefined || ROOTS.test(uriBaseId)
      ? uri
      : resolve({ uri, uriBaseId: base.uriBaseId }, bases, left - 1);
  }
  // Where the root lies on the machine that scanned is of no interest.
  if (isAbsolute(base.uri) && (ROOTS.test(uriBaseId) || onlyRoot(bases) === uriBaseId)) return uri;
  const front = resolve(base, bases, left - 1);
  return front === undefined ? undefined : `${front}${front === "" || front.endsWith("/") ? "" : "/"}${uri}`;
}

/** The one base with an absolute address, where there is only one. */
function onlyRoot({ originalUriBaseIds }: Bases): string | undefined {
  const roots = Object.entries(originalUriBaseIds).filter(([, base]) => isAbsolute(base.uri ?? ""));
  return roots.length === 1 ? roots[0]?.[0] : undefined;
}

function isAbsolute(uri: string): boolean {
  return uri.startsWith("/") || uri.startsWith("\\") || SCHEME.test(uri);
}

function inRepository(uri: string, bases: Bases): string | undefined {
  let rest = uri;
  if (isAbsolute(rest)) {
    const root = Object.entries(bases.originalUriBaseIds)
      .filter(([id]) => ROOTS.test(id) || id === onlyRoot(bases))
      .map(([, base]) => plainFile(base.uri ?? ""))
      .find((front) => front.length > 1 && front.endsWith("/") && plainFile(rest).startsWith(front));
    if (root === undefined) return undefined;
    rest = plainFile(rest).slice(root.length);
  }
  if (rest.length > PATH_MAX) return undefined;
  const decoded = decode(rest);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (isAbsolute(decoded) || /[\u0000-\u001f\u007f]/.test(decoded)) return undefined;
  const parts: string[] = [];
  for (const part of decoded.split("/")) {
    if (part === "" || part === ".") continue;
    // A tool on Windows means the folder above by it, and a name with a backslash no reader of ours needs.
    if (part === ".." || /^\.\.\\|\\\.\.(?:\\|$)/.test(part)) return undefined;
    parts.push(part);
  }
  const path = parts.join("/");
  return path === "" || isAbsolute(path) ? undefined : path;
}

/** `file:///a/b` and `file://localhost/a/b` as `/a/b`. */
function plainFile(uri: string): string {
  return uri.replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/i, "");
}

/** Tools that do not encode write `100%.txt`: then it means itself. */
function decode(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch (error) {
    if (error instanceof URIError) return uri;
    throw error;
  }
}
