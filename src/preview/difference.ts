import { nanosOf } from "../config/quantity.ts";
import type { KubeObject } from "../model/kubernetes.ts";

/**
 * Whether all that is wanted of an object is so. What else the API server or others put there is not looked at, but in lists that are wanted: those
 * are whole, except the finalizers that others add.
 */
export function isAsWanted(observed: KubeObject, wanted: KubeObject): boolean {
  return covers(observed, wanted, []);
}

function covers(observed: unknown, wanted: unknown, path: readonly string[]): boolean {
  if (wanted === undefined) return true;
  if (isEmpty(wanted) && (observed === undefined || observed === null)) return true;
  if (Array.isArray(wanted)) return Array.isArray(observed) && coversList(observed, wanted, path);
  if (isRecord(wanted)) {
    return (
      isRecord(observed) && Object.entries(wanted).every(([key, value]) => covers(observed[key], value, [...path, key]))
    );
  }
  return observed === wanted || sameQuantity(observed, wanted, path);
}

function coversList(observed: readonly unknown[], wanted: readonly unknown[], path: readonly string[]): boolean {
  if (path.join("/") === "metadata/finalizers") return wanted.every((one) => observed.includes(one));
  return (
    observed.length === wanted.length &&
    wanted.every((one, index) => covers(observed[index], one, [...path, String(index)]))
  );
}

/** Where quotas and limit ranges have quantities, `2` and `2000m` are the same; anywhere else they are texts. */
function sameQuantity(observed: unknown, wanted: unknown, path: readonly string[]): boolean {
  if (typeof observed !== "string" || typeof wanted !== "string") return false;
  if (!(path[0] === "spec" && (path[1] === "hard" || path[1] === "limits"))) return false;
  const [one, other] = [nanosOf(observed), nanosOf(wanted)];
  return one !== undefined && one === other;
}

/** The API server drops empty lists and maps that need not be there. What is `false` may be `true` by default: it has to stand there. */
function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
