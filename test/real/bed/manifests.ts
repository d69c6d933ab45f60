import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { ensureTool } from "../tools.ts";

/** The objects of a YAML file, or what Kustomize makes of a directory. */
export async function objectsIn(path: string): Promise<KubeObject[]> {
  const text = (await stat(path)).isDirectory()
    ? (await promisify(execFile)(await ensureTool("kustomize"), ["build", path], { maxBuffer: 64 * 1024 * 1024 }))
        .stdout
    : await readFile(path, "utf8");
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}
