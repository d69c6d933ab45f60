import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { KubeObject } from "../../../src/model/kubernetes.ts";

/** The objects of a YAML file, or of all that a kustomization names under `resources`, in its order. */
export async function objectsIn(path: string): Promise<KubeObject[]> {
  if (!(await stat(path)).isDirectory()) {
    return parseAllDocuments(await readFile(path, "utf8"))
      .map((document) => document.toJS() as KubeObject | null)
      .filter((object) => object !== null);
  }
  const { resources = [], ...rest } = parse(await readFile(join(path, "kustomization.yaml"), "utf8"));
  const beyond = Object.keys(rest).filter((key) => !["apiVersion", "kind", "metadata"].includes(key));
  if (beyond.length > 0) throw new Error(`${path}: the bed only knows "resources" of a kustomization, not ${beyond}`);
  const objects: KubeObject[] = [];
  for (const resource of resources as string[]) objects.push(...(await objectsIn(join(path, resource))));
  return objects;
}
