import { apiVersionOf, type Resource, type Resources } from "./resources.ts";

/** What an address of the API names. */
export interface Target {
  resource: Resource;
  namespace: string;
  /** Absent: all of the kind. */
  name: string;
  subresource: string;
}

/** `/api/v1/…` and `/apis/<group>/<version>/…`, in a namespace or not; undefined where nothing is. */
export function parsePath(path: string, resources: Resources): Target | undefined {
  const segments = path.split("/").filter(Boolean).map(decodeURIComponent);
  const [root, ...rest] = segments;
  if (root !== "api" && root !== "apis") return undefined;
  const group = root === "apis" ? rest.shift() : "";
  const version = rest.shift();
  if (group === undefined || !version) return undefined;
  const apiVersion = apiVersionOf({ group, version });
  const [first, namespace = "", plural, name = "", subresource = ""] = rest;
  if (first === "namespaces" && plural && resources.at(apiVersion, plural)?.namespaced) {
    const resource = resources.at(apiVersion, plural);
    return resource && { resource, namespace, name, subresource };
  }
  const [here = "", itsName = "", itsSubresource = ""] = rest;
  const resource = resources.at(apiVersion, here);
  // An object of a namespaced kind has no address without its namespace.
  if (!resource || (resource.namespaced && itsName)) return undefined;
  return { resource, namespace: "", name: itsName, subresource: itsSubresource };
}
