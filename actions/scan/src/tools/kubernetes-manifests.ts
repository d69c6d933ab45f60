import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMap, isSeq, parseAllDocuments, type YAMLMap } from "yaml";
import type { Exported } from "../export-tree.ts";
import { ScanFailure } from "../scan-failure.ts";

/** Of each of these Checkov says something, be it that nothing is wrong: CKV_K8S_21 (namespace) is about all of them. */
const JUDGED = new Set([
  ...["Pod", "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"],
  ...["Service", "Secret", "ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Ingress"],
]);
/** A kind that is not to be told without knowing more of YAML than Checkov does. */
const UNCLEAR = "?";
/** Longer ones would take minutes. */
const MAX_CHARS = 8 * 1024 * 1024;

/**
 * Files with Kubernetes manifests of which Checkov says nothing. It passes over what it cannot parse, what looks like a template of Helm,
 * has an odd `name` somewhere or no name at all, and tells nobody.
 * @throws {ScanFailure} if there is no time left
 */
export async function passedOver({ root, files }: Exported, judged: Judged, deadlineMs: number): Promise<string[]> {
  const found: string[] = [];
  for (const path of files) {
    if (!/\.(?:ya?ml|json)$/.test(path)) continue;
    if (Date.now() > deadlineMs) throw new ScanFailure("There was no time left to see what checkov passed over.");
    if (isPassedOver(await readFile(join(root, path), "utf8"), judged.get(path))) found.push(path);
  }
  return found;
}

/** By path, how many objects of each kind. */
export type Judged = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** `judged`: how many objects of each kind Checkov speaks of. */
export function isPassedOver(text: string, judged: ReadonlyMap<string, number> = new Map()): boolean {
  const named = text.includes("apiVersion") && text.includes("kind");
  // By an escape either word could be written otherwise.
  if (!named && !/\\[xuU]/.test(text)) return false;
  if (text.length > MAX_CHARS) return true;
  const documents = [parseAllDocuments(text, { logLevel: "silent", uniqueKeys: false })].flat();
  if (named && documents.some(({ errors }) => errors.length > 0)) return true;
  const kinds = new Map<string, number>();
  for (const { contents } of documents)
    if (isMap(contents)) for (const kind of kindsOf(contents)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [...kinds].some(([kind, count]) => count > (judged.get(kind) ?? 0));
}

/** The kinds of an object, or of those in a list, that have to be judged. */
function kindsOf(object: YAMLMap): string[] {
  if (object.has("<<")) return [UNCLEAR];
  const [kind, version] = [object.get("kind"), object.get("apiVersion")];
  if (kind === undefined || version === undefined) return [];
  if (typeof kind !== "string") return [UNCLEAR];
  const items = object.get("items");
  if (kind === "List" && isSeq(items)) return items.items.flatMap((item) => (isMap(item) ? kindsOf(item) : [UNCLEAR]));
  if (kind.endsWith("List") && JUDGED.has(kind.slice(0, -"List".length))) return [UNCLEAR];
  return JUDGED.has(kind) ? [kind] : [];
}
