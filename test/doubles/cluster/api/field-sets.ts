import { type Fields, fieldsOf, isFields, listOf } from "./fields.ts";

/** Paths of fields in the notation of FieldsV1 (`f:spec`, `k:{"name":"web"}`, `v:"x"`), joined by line ends, which no part contains. */
export type FieldSet = Set<string>;

const SEPARATOR = "\n";

/** Lists whose items are known by keys, as the built-in types declare them (`x-kubernetes-list-map-keys`); with the first that all items have. */
const LIST_KEYS: Record<string, string[]> = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  env: ["name"],
  volumes: ["name"],
  volumeMounts: ["mountPath"],
  imagePullSecrets: ["name"],
  secrets: ["name"],
  conditions: ["type"],
  hostAliases: ["ip"],
  ownerReferences: ["uid"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
};
const PORT_KEYS = [
  ["containerPort", "protocol"],
  ["port", "protocol"],
];
const SETS = new Set(["finalizers"]);
/** Only these are more than one value in a custom resource, whose other lists are atomic. */
const OF_ALL_KINDS = new Set(["finalizers", "ownerReferences"]);
/** Maps that are one value (`x-kubernetes-map-type: atomic`). */
const ATOMIC_MAPS = new Set(["selector", "podSelector", "namespaceSelector", "nodeSelector", "labelSelector"]);

/** How the items of a list are told apart: by keys, by value, or not at all. */
export type ListShape = { by: "keys"; keys: string[] } | { by: "value" } | { by: "nothing" };

export function listShape(name: string, items: unknown[], custom: boolean): ListShape {
  if (custom && !OF_ALL_KINDS.has(name)) return { by: "nothing" };
  if (SETS.has(name)) return { by: "value" };
  if (name === "ports") {
    const keys = PORT_KEYS.find(([first = ""]) => items.length > 0 && items.every((item) => first in fieldsOf(item)));
    return keys ? { by: "keys", keys } : { by: "nothing" };
  }
  const keys = LIST_KEYS[name];
  return keys && items.every(isFields) ? { by: "keys", keys } : { by: "nothing" };
}

export function itemKey(item: unknown, shape: ListShape): string {
  if (shape.by !== "keys") return `v:${JSON.stringify(item)}`;
  const fields = fieldsOf(item);
  const key = Object.fromEntries(
    [...shape.keys].sort().map((name) => [name, fields[name] ?? (name === "protocol" ? "TCP" : "")]),
  );
  return `k:${JSON.stringify(key)}`;
}

export function isAtomicMap(name: string, custom: boolean): boolean {
  return !custom && ATOMIC_MAPS.has(name);
}

/** Every field that a value gives a value, with the value. */
export function leaves(value: unknown, custom: boolean): Map<string, unknown> {
  const found = new Map<string, unknown>();
  collect(value, [], "", custom, found);
  return found;
}

function collect(value: unknown, path: string[], name: string, custom: boolean, found: Map<string, unknown>): void {
  if (isFields(value) && !(path.length > 0 && isAtomicMap(name, custom))) {
    const entries = Object.entries(value).filter(([, field]) => field !== undefined);
    if (entries.length === 0 && path.length > 0) found.set(path.join(SEPARATOR), value);
    for (const [field, inner] of entries) collect(inner, [...path, `f:${field}`], field, custom, found);
    return;
  }
  const shape = Array.isArray(value) ? listShape(name, value, custom) : undefined;
  if (Array.isArray(value) && shape && shape.by !== "nothing" && value.length > 0) {
    for (const item of value) {
      const inItem = [...path, itemKey(item, shape)];
      found.set(inItem.join(SEPARATOR), shape.by === "value" ? item : undefined);
      if (shape.by === "keys")
        for (const [field, inner] of Object.entries(fieldsOf(item)))
          collect(inner, [...inItem, `f:${field}`], field, custom, found);
    }
    return;
  }
  found.set(path.join(SEPARATOR), value);
}

/** https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management */
export function toFieldsV1(set: FieldSet): Fields {
  const root: Fields = {};
  for (const path of [...set].sort()) {
    let current = root;
    for (const part of path.split(SEPARATOR)) {
      const next = fieldsOf(current[part]);
      current[part] = next;
      current = next;
    }
    if (path.split(SEPARATOR).at(-1)?.startsWith("k:")) current["."] = {};
  }
  return root;
}

export function fromFieldsV1(fields: Fields): FieldSet {
  const set: FieldSet = new Set();
  const walk = (current: Fields, path: string[]) => {
    const inner = Object.keys(current);
    if (path.length > 0 && (inner.length === 0 || inner.includes("."))) set.add(path.join(SEPARATOR));
    for (const part of inner) if (part !== ".") walk(fieldsOf(current[part]), [...path, part]);
  };
  walk(fields, []);
  return set;
}

export function parts(path: string): string[] {
  return path.split(SEPARATOR);
}

/** `.spec.containers[name="web"].image`, as conflicts name a field. */
export function fieldName(path: string): string {
  return parts(path)
    .map((part) => {
      const rest = part.slice(2);
      if (part.startsWith("f:")) return `.${rest}`;
      if (part.startsWith("v:")) return `[=${rest}]`;
      const keys = Object.entries(fieldsOf(JSON.parse(rest)));
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");
}

/** Whether one path lies within another. */
export function within(path: string, outer: string): boolean {
  return path.startsWith(outer + SEPARATOR);
}

/** Takes a field out, and what became empty by it above. */
export function removeField(root: Fields, path: string): void {
  removePart(root, parts(path), "");
}

function removePart(value: unknown, [part = "", ...rest]: string[], listName: string): void {
  if (isFields(value)) {
    const field = part.slice(2);
    const inner = value[field];
    if (rest.length === 0) delete value[field];
    else removePart(inner, rest, field);
    const empty = Array.isArray(inner) ? inner.length === 0 : isFields(inner) && Object.keys(inner).length === 0;
    if (rest.length > 0 && empty) delete value[field];
    return;
  }
  const items = listOf(value);
  const shape = listShape(listName, items, false);
  const index = items.findIndex((item) => itemKey(item, shape) === part);
  if (index < 0) return;
  if (rest.length === 0) items.splice(index, 1);
  else removePart(items[index], rest, "");
}
