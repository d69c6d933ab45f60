import { posix } from "node:path";
import { type SourceWalk, shown } from "./source-walk.ts";
import { isMap, strictYaml } from "./strict-yaml.ts";

const NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const FOLDERS_MAX = 50;

/** Fields of https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ that name no other file. */
const PLAIN = new Set([
  ...["apiVersion", "kind", "metadata", "namePrefix", "nameSuffix", "namespace", "commonLabels", "labels", "images"],
  ...["commonAnnotations", "imageTags", "replicas", "vars", "sortOptions", "generatorOptions", "buildMetadata"],
]);
/** Fields that run programs or fetch charts. */
const FORBIDDEN = new Set([
  ...["generators", "transformers", "validators"],
  ...["helmCharts", "helmGlobals", "helmChartInflationGenerator"],
]);
const GENERATOR = ["name", "namespace", "behavior", "type", "files", "literals", "envs", "env", "options"];
/** Fields with maps that name files, and the keys that such a map may have. */
const MAPS: Readonly<Record<string, readonly string[]>> = {
  patches: ["path", "patch", "target", "options"],
  patchesJson6902: ["path", "patch", "target", "options"],
  replacements: ["path", "source", "targets"],
  openapi: ["path"],
  configMapGenerator: GENERATOR,
  secretGenerator: GENERATOR,
};

export function kustomizationsIn(walk: SourceWalk, folder: string): string[] {
  return walk.filesIn(folder).filter((path) => NAMES.includes(posix.basename(path)));
}

/**
 * Follows a kustomization and its local bases. Kustomize matches fields whatever their case, as Go's JSON does: what is not a known field in its very
 * spelling is refused, not passed over.
 */
export function walkKustomization(walk: SourceWalk, folder: string): undefined {
  const seen = new Set<string>();
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const [file, another] = kustomizationsIn(walk, next);
    if (file === undefined) walk.refuse(next, "is a folder without a kustomization");
    else if (another !== undefined) walk.refuse(another, `stands beside ${posix.basename(file)}: one of them`);
    else if (seen.size > FOLDERS_MAX) return walk.refuse(file, `is one of more than ${FOLDERS_MAX} kustomizations`);
    else open.push(...foldersOf(walk, file));
  }
}

/** Takes all files that a kustomization names; the folders that it names. */
function foldersOf(walk: SourceWalk, file: string): string[] {
  const text = walk.read(file);
  if (text === undefined) return [];
  const parsed = strictYaml(text);
  if ("problem" in parsed) return walk.refuse(file, parsed.problem) ?? [];
  if (!isMap(parsed.value)) return walk.refuse(file, "is not a map of fields") ?? [];
  const folders: string[] = [];
  for (const [field, value] of Object.entries(parsed.value)) {
    if (PLAIN.has(field) || value === null) continue;
    const items = Array.isArray(value) ? value : [value];
    if (FORBIDDEN.has(field)) {
      if (items.length > 0) walk.refuse(file, `${field} runs plugins or fetches charts, which previews may not`);
    } else if (["resources", "components", "bases"].includes(field)) {
      for (const item of items) folders.push(...fileOrFolder(walk, file, item));
    } else if (["crds", "configurations"].includes(field)) for (const item of items) takeFile(walk, file, item);
    else if (field === "patchesStrategicMerge") for (const item of items) takePatch(walk, file, item);
    else if (Object.hasOwn(MAPS, field)) for (const item of items) takeFilesOf(walk, file, field, item);
    else walk.refuse(file, `${shown(field)} is not a field of kustomizations that previews know`);
  }
  return folders;
}

function fileOrFolder(walk: SourceWalk, file: string, item: unknown): string[] {
  const path = walk.local(file, item);
  if (path === undefined) return [];
  if (walk.hasFolder(path)) return [path];
  walk.take(path);
  return [];
}

function takeFile(walk: SourceWalk, file: string, item: unknown): void {
  const path = walk.local(file, item);
  if (path !== undefined) walk.take(path);
}

/** A path, or the patch itself in more than one line, which no address is. */
function takePatch(walk: SourceWalk, file: string, item: unknown): void {
  if (typeof item === "string" && item.trim().includes("\n") && !/^\s*https?:/i.test(item)) return;
  takeFile(walk, file, item);
}

function takeFilesOf(walk: SourceWalk, file: string, field: string, item: unknown): undefined {
  if (!isMap(item)) return walk.refuse(file, `${field} has an entry that is not a map`);
  const unknown = Object.keys(item).filter((key) => !MAPS[field]?.includes(key));
  if (unknown.length > 0) return walk.refuse(file, `${field} has an unknown key ${shown(unknown.join(", "))}`);
  for (const key of ["path", "env"]) if (item[key] !== undefined && item[key] !== "") takeFile(walk, file, item[key]);
  for (const key of ["files", "envs"]) {
    const named = item[key] ?? [];
    if (!Array.isArray(named)) walk.refuse(file, `${field} has ${key} that are no list`);
    else for (const one of named) takeFile(walk, file, key === "files" ? withoutKey(one) : one);
  }
}

/** `key=path`, or a path alone. */
function withoutKey(item: unknown): unknown {
  return typeof item === "string" ? item.slice(item.indexOf("=") + 1) : item;
}
