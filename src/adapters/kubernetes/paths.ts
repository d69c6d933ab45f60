import type { ObjectKind, ObjectRef } from "../../model/kubernetes.ts";
import type { Selection } from "../../ports/cluster.ts";

/** The path of all objects of a kind: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
export function collectionPath(kind: ObjectKind, namespace: string | undefined): string {
  const root = kind.apiVersion.includes("/") ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const within = kind.namespaced && namespace !== undefined ? `/namespaces/${segment(namespace)}` : "";
  return `${root}${within}/${kind.plural}`;
}

/** @throws {TypeError} of a namespaced object without a namespace: the path would be another's. */
export function objectPath({ kind, name, namespace }: ObjectRef, subresource?: string): string {
  if (kind.namespaced && !namespace) throw new TypeError(`${kind.kind} ${name} needs a namespace`);
  const path = `${collectionPath(kind, namespace)}/${segment(name)}`;
  return subresource === undefined ? path : `${path}/${segment(subresource)}`;
}

export function selectionQuery({ labels }: Selection): Record<string, string> {
  const selector = Object.entries(labels ?? {}).map(([key, value]) => {
    // A comma would be one more condition.
    if (!/^[\w./-]+$/.test(key) || !/^[\w.-]*$/.test(value)) throw new TypeError(`"${key}=${value}" is no label`);
    return `${key}=${value}`;
  });
  return selector.length === 0 ? {} : { labelSelector: selector.join(",") };
}

/** What the API server takes for one part of a path; it decodes `%2F` before it looks, so encoding would not do. */
function segment(text: string): string {
  if (text === "" || text === "." || text === ".." || /[/%]/.test(text)) throw new TypeError(`"${text}" is no name`);
  return encodeURIComponent(text);
}
