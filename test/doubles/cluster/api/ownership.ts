import {
  type FieldSet,
  fieldName,
  fromFieldsV1,
  isAtomicMap,
  itemKey,
  leaves,
  listShape,
  removeField,
  toFieldsV1,
  within,
} from "./field-sets.ts";
import {
  copy,
  type Fields,
  fieldsOf,
  isFields,
  listOf,
  type ManagedFields,
  type Stored,
  same,
  timestamp,
} from "./fields.ts";
import { ApiStatus } from "./status.ts";

/** Who writes: a manager's fields by an update and by an apply are kept apart, and so are those of a subresource. */
export interface Writer {
  manager: string;
  operation: "Apply" | "Update";
  subresource?: string;
}

/** Fields that the API server owns, in no manager's set. */
const OF_NOBODY =
  /^f:(?:apiVersion|kind)$|^f:metadata\nf:(?:name|namespace|uid|resourceVersion|generation|creationTimestamp|deletionTimestamp|deletionGracePeriodSeconds|managedFields|selfLink|generateName)(?:\n|$)/;

interface Entry extends Writer {
  apiVersion: string;
  time?: string;
  set: FieldSet;
}

function entriesOf(object: Stored | undefined): Entry[] {
  return (object?.metadata.managedFields ?? []).map(({ fieldsType: _, fieldsV1, ...entry }) => ({
    ...entry,
    set: fromFieldsV1(fieldsV1),
  }));
}

function toManagedFields(entries: Entry[]): ManagedFields[] {
  return entries
    .filter(({ set }) => set.size > 0)
    .map(({ manager, operation, apiVersion, time, set, subresource }) => ({
      manager,
      operation,
      apiVersion,
      ...(time && { time }),
      fieldsType: "FieldsV1",
      fieldsV1: toFieldsV1(set),
      ...(subresource && { subresource }),
    }));
}

function isBy(entry: Entry, writer: Writer, apiVersion: string): boolean {
  return (
    entry.manager === writer.manager &&
    entry.operation === writer.operation &&
    entry.subresource === writer.subresource &&
    entry.apiVersion === apiVersion
  );
}

function ownedLeaves(object: unknown, custom: boolean): Map<string, unknown> {
  const found = leaves(object, custom);
  for (const path of found.keys()) if (OF_NOBODY.test(path)) found.delete(path);
  return found;
}

/** The managers after an update: who changes a field owns it from then on, alone. */
export function afterUpdate(
  old: Stored | undefined,
  next: Stored,
  writer: Writer,
  custom: boolean,
): ManagedFields[] | undefined {
  if (next.metadata.managedFields?.length === 0) return undefined;
  const before = ownedLeaves(old ?? {}, custom);
  const after = ownedLeaves(next, custom);
  const changed = [...after].filter(([path, value]) => !before.has(path) || !same(before.get(path), value));
  const taken = new Set(changed.map(([path]) => path));
  const entries = entriesOf(old);
  for (const entry of entries)
    for (const path of entry.set) if (taken.has(path) || isGone(path, after)) entry.set.delete(path);
  if (taken.size > 0) {
    const mine = entries.find((entry) => isBy(entry, writer, next.apiVersion));
    if (mine) {
      for (const path of taken) mine.set.add(path);
      mine.time = timestamp();
    } else entries.push({ ...writer, apiVersion: next.apiVersion, time: timestamp(), set: taken });
  }
  return toManagedFields(entries);
}

function isGone(path: string, after: Map<string, unknown>): boolean {
  return !after.has(path) && ![...after.keys()].some((other) => within(other, path));
}

/**
 * What an apply makes of the live object: https://kubernetes.io/docs/reference/using-api/server-side-apply/
 * Rejects with all conflicts, unless `force` takes the fields over.
 */
export function applyTo(
  live: Stored | undefined,
  applied: Stored,
  writer: Writer,
  options: { force: boolean; custom: boolean },
): Stored {
  const { custom } = options;
  const wanted = ownedLeaves(applied, custom);
  const before = ownedLeaves(live ?? {}, custom);
  const entries = entriesOf(live);
  const mine = entries.find((entry) => isBy(entry, writer, applied.apiVersion));
  const others = entries.filter((entry) => entry !== mine);
  const conflicts = others.flatMap((other) =>
    [...wanted]
      .filter(([path, value]) => other.set.has(path) && !same(before.get(path), value))
      .map(([path]) => ({ other, path })),
  );
  if (conflicts.length > 0 && !options.force) throw applyConflict(conflicts);
  for (const { other, path } of conflicts) other.set.delete(path);

  const merged = mergeFields(live ?? {}, applied, "", custom) as Stored;
  const set: FieldSet = new Set(wanted.keys());
  for (const path of mine?.set ?? []) {
    const held = set.has(path) || [...set].some((other) => within(other, path) || within(path, other));
    const othersHold = others.some((other) => [...other.set].some((owned) => owned === path || within(owned, path)));
    if (!held && !othersHold) removeField(merged as Fields, path);
  }
  const unchanged = mine !== undefined && mine.set.size === set.size && [...set].every((path) => mine.set.has(path));
  const time = unchanged && same(withoutManagers(live), withoutManagers(merged)) ? mine.time : timestamp();
  const entry: Entry = { ...writer, apiVersion: applied.apiVersion, set, ...(time && { time }) };
  const managedFields = toManagedFields(
    mine ? entries.map((old) => (old === mine ? entry : old)) : [entry, ...entries],
  );
  return { ...merged, metadata: { ...merged.metadata, managedFields } };
}

function withoutManagers(object: Stored | undefined): unknown {
  return object && { ...object, metadata: { ...object.metadata, managedFields: undefined } };
}

function mergeFields(live: unknown, applied: unknown, name: string, custom: boolean): unknown {
  if (isFields(applied) && !isAtomicMap(name, custom)) {
    const merged: Fields = copy(fieldsOf(live));
    for (const [field, value] of Object.entries(applied))
      if (value !== undefined) merged[field] = mergeFields(merged[field], value, field, custom);
    return merged;
  }
  if (!Array.isArray(applied)) return copy(applied);
  const shape = listShape(name, applied.length > 0 ? applied : listOf(live), custom);
  if (shape.by === "nothing") return copy(applied);
  const merged = copy(listOf(live));
  for (const item of applied) {
    const index = merged.findIndex((other) => itemKey(other, shape) === itemKey(item, shape));
    if (index < 0) merged.push(copy(item));
    else if (shape.by === "keys") merged[index] = mergeFields(merged[index], item, "", custom);
  }
  return merged;
}

function applyConflict(conflicts: { other: Entry; path: string }[]): ApiStatus {
  const causes = conflicts.map(({ other, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${managerName(other)}`,
    field: fieldName(path),
  }));
  const [first, ...more] = conflicts;
  const byManager = Map.groupBy(conflicts, ({ other }) => managerName(other));
  const message =
    first && more.length === 0
      ? `Apply failed with 1 conflict: conflict with ${managerName(first.other)}: ${fieldName(first.path)}`
      : `Apply failed with ${conflicts.length} conflicts: ${[...byManager]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .flatMap(([manager, list]) => [
            `conflicts with ${manager}:`,
            ...list.map(({ path }) => `- ${fieldName(path)}`),
          ])
          .join("\n")}`;
  return new ApiStatus(409, "Conflict", message, { causes });
}

function managerName({ manager, operation, subresource, apiVersion, time }: Entry): string {
  const name = JSON.stringify(manager) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : "");
  if (operation === "Apply") return name;
  return time ? `${name} using ${apiVersion} at ${time}` : `${name} using ${apiVersion}`;
}
