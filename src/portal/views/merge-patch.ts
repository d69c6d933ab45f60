const DEPTH_MAX = 32;

/**
 * https://www.rfc-editor.org/rfc/rfc7386 — `null` takes a member away, an object changes members, anything else replaces. The target is not changed.
 * @throws {Error} when the patch is nested deeper than any fact is
 */
export function mergePatch(target: unknown, patch: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) throw new Error(`the patch is nested deeper than ${DEPTH_MAX} levels`);
  if (!isObject(patch)) return patch;
  const members = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, mergePatch(members.get(name), value, depth + 1));
  }
  // Defines own properties, whatever they are called: a member `__proto__` stays a member.
  return Object.fromEntries(members);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
