import { posix } from "node:path";
import type { SourceFile } from "./tree.ts";

/** The import table of the design, section 4: a room and the rooms that it may import. */
const CAPABILITIES = ["gate", "preview", "scan", "agents"];
const COORDINATORS = [
  "pull-request",
  "promotion",
  "commands",
  "worker",
  "intake",
  "healing",
  "notifications",
  "doctor",
  "onboarding",
  "portal",
  "a2a",
  "telemetry",
];

/** A room: a folder of `src/`, one adapter, or `top` for the files beside the folders, which may import anything. */
export function roomOf(path: string): string {
  const [, room = "", inner = ""] = path.split("/");
  if (room.endsWith(".ts")) return "top";
  return room === "adapters" ? `adapters/${inner}` : room;
}

export interface Import {
  from: string;
  /** The imported file's path from the root, or a package's specifier. */
  to: string;
}

/** Static and dynamic imports and re-exports, types included: whoever knows a type depends on its room. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const specifier = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\(|new URL\()\s*["']([^"'\n]+)["']/g;
  return [...text.matchAll(specifier)].flatMap(([, to = ""]) =>
    to.startsWith(".") ? [{ from: path, to: posix.join(posix.dirname(path), to) }] : [{ from: path, to }],
  );
}

/** Why an import within `src/` is not allowed; undefined if it is. `files` are all paths that exist. */
export function objection({ from, to }: Import, files: ReadonlySet<string>): string | undefined {
  if (!isPath(to)) return objectionToPackage(from, to);
  if (!to.startsWith("src/")) return "src imports only from src";
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === other || room === "top") return undefined;
  if (other === "top") return "nothing imports main, cli or compose";
  if (room === "model") return "model imports nothing";
  if (other === "model") return undefined;
  if (room === "ports" || room === "config") return `${room} imports only model`;
  if (room.startsWith("adapters/")) return other === "ports" ? undefined : "an adapter imports only model and ports";
  if (CAPABILITIES.includes(room)) return other === "config" ? undefined : "a capability imports only model and config";
  if (!COORDINATORS.includes(room)) return `the room ${room} is not in the table`;
  if (other === "ports" || other === "config") return undefined;
  if (CAPABILITIES.includes(other)) return isFront(to, files) ? undefined : "a capability is entered by its front file";
  return "coordinators do not import each other or adapters";
}

/** The front is `<room>/<room>.ts`; a room without one, such as `scan` with its kinds, has its top-level files. */
function isFront(path: string, files: ReadonlySet<string>): boolean {
  const room = roomOf(path);
  const front = `src/${room}/${room}.ts`;
  return files.has(front) ? path === front : posix.dirname(path) === `src/${room}`;
}

function objectionToPackage(from: string, name: string): string | undefined {
  const pure = ["model", ...CAPABILITIES].includes(roomOf(from));
  const reachesOut = /^node:(?:fs|net|http|https|http2|dns|child_process|dgram|tls|sqlite)\b/.test(name);
  if (roomOf(from) === "model" && !name.startsWith("node:")) return "model imports nothing";
  return pure && reachesOut ? "what decides on data does not reach outside" : undefined;
}

function isPath(to: string): boolean {
  return to.endsWith(".ts") || to.startsWith("src/") || to.startsWith("..");
}

/** Rooms that import each other in a circle, as `a → b → a`; undefined if there are none. */
export function circle(imports: Import[]): string | undefined {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    if (!isPath(to) || roomOf(from) === roomOf(to)) continue;
    next.set(roomOf(from), (next.get(roomOf(from)) ?? new Set()).add(roomOf(to)));
  }
  const finished = new Set<string>();
  const visit = (room: string, trail: string[]): string | undefined => {
    if (trail.includes(room)) return [...trail.slice(trail.indexOf(room)), room].join(" → ");
    if (finished.has(room)) return undefined;
    for (const other of next.get(room) ?? []) {
      const found = visit(other, [...trail, room]);
      if (found !== undefined) return found;
    }
    finished.add(room);
    return undefined;
  };
  for (const room of next.keys()) {
    const found = visit(room, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Files of `model` with the rooms outside it that import them. */
export function usersOfModel(files: SourceFile[]): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>();
  for (const { path } of files) if (roomOf(path) === "model") users.set(path, new Set());
  for (const { from, to } of files.flatMap(importsOf)) {
    if (roomOf(from) !== "model") users.get(to)?.add(roomOf(from));
  }
  return users;
}
