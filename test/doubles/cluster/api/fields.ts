import { isDeepStrictEqual } from "node:util";
import type { KubeObject, ObjectMeta } from "../../../../src/model/kubernetes.ts";

/** A JSON object whose fields are not known. */
export type Fields = Record<string, unknown>;

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/#ManagedFieldsEntry */
export interface ManagedFields {
  manager: string;
  operation: "Apply" | "Update";
  apiVersion: string;
  time?: string;
  fieldsType: "FieldsV1";
  fieldsV1: Fields;
  subresource?: string;
}

export interface StoredMeta extends ObjectMeta {
  generateName?: string;
  generation?: number;
  deletionGracePeriodSeconds?: number;
  managedFields?: ManagedFields[];
}

/** An object as the store keeps it: never changed in place, so that watches and lists may hand it out as it is. */
export interface Stored extends KubeObject {
  metadata: StoredMeta;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Its fields, none of what is no object. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What stands under a path; undefined where there is no such path. */
export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((current, name) => (isFields(current) ? current[name] : undefined), value);
}

export function textAt(value: unknown, ...path: string[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

export function numberAt(value: unknown, ...path: string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
}

export const same = isDeepStrictEqual;

export function copy<T>(value: T): T {
  return structuredClone(value);
}

/** Times in objects have no fraction of a second. */
export function timestamp(ms = Date.now()): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
