import { posix } from "node:path";
import { type SourceWalk, shown } from "./source-walk.ts";
import { isMap, strictYaml } from "./strict-yaml.ts";

/** Files by which Helm comes to other charts: https://helm.sh/docs/topics/charts/ — the locks too, as what they say is what is fetched. */
const DEPENDENCY_FILES = ["Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock"];
const DEPENDENCY_KEYS = [
  ...["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"],
];
const CHARTS_MAX = 50;

/** Looks at a chart with everything in it, and at the charts of this repository that it depends on. */
export function walkChart(walk: SourceWalk, folder: string, helmRepositories: readonly string[]): undefined {
  const allowed = new Set(helmRepositories.map(withoutSlash));
  const seen = new Set<string>();
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (seen.size > CHARTS_MAX) return walk.refuse(next, `is one of more than ${CHARTS_MAX} charts`);
    if (!walk.filesIn(next).some((path) => posix.basename(path) === "Chart.yaml"))
      walk.refuse(next, "is a folder without a Chart.yaml");
    for (const path of walk.filesBelow(next)) {
      const name = posix.basename(path);
      if (!walk.take(path)) continue;
      if (DEPENDENCY_FILES.includes(name)) open.push(...localCharts(walk, path, allowed));
      else if (name === "values.schema.json") checkSchema(walk, path);
      else if (/\.(?:tgz|tar\.gz|tar)$/i.test(name) && path.includes("charts/"))
        walk.refuse(path, "is an archive, into which nobody looks: unpack it");
    }
  }
}

/** Folders of the charts of this repository on which a chart depends. All others have to come from where the operator allows. */
function localCharts(walk: SourceWalk, file: string, allowed: ReadonlySet<string>): string[] {
  const text = walk.read(file);
  if (text === undefined) return [];
  const parsed = strictYaml(text);
  if ("problem" in parsed) return walk.refuse(file, parsed.problem) ?? [];
  if (!isMap(parsed.value)) return walk.refuse(file, "is not a map of fields") ?? [];
  // Helm takes these fields in any case of letters, and by YAML's merge key.
  const misspelt = Object.keys(parsed.value).find(
    (key) => key !== "dependencies" && /^(?:DEPENDENCIES|<<)$/.test(key.toUpperCase()),
  );
  if (misspelt !== undefined) return walk.refuse(file, `${shown(misspelt)} has to be written dependencies`) ?? [];
  const dependencies = parsed.value.dependencies ?? [];
  if (!Array.isArray(dependencies)) return walk.refuse(file, "has dependencies that are no list") ?? [];
  return dependencies.flatMap((dependency) => localChart(walk, file, dependency, allowed));
}

function localChart(walk: SourceWalk, file: string, dependency: unknown, allowed: ReadonlySet<string>): string[] {
  if (!isMap(dependency)) return walk.refuse(file, "has a dependency that is not a map") ?? [];
  const object = `dependency ${shown(String(dependency.name ?? "without a name"))}`;
  const unknown = Object.keys(dependency).filter((key) => !DEPENDENCY_KEYS.includes(key));
  if (unknown.length > 0) return walk.refuse(file, `has an unknown key ${shown(unknown.join(", "))}`, object) ?? [];
  const repository = dependency.repository ?? "";
  if (typeof repository !== "string") return walk.refuse(file, "has a repository that is no text", object) ?? [];
  // It lies in `charts/`, which is looked at with the rest.
  if (repository === "" || allowed.has(withoutSlash(repository))) return [];
  if (!repository.startsWith("file://"))
    return walk.refuse(file, `comes from ${shown(repository)}, which the operator has not allowed`, object) ?? [];
  const path = walk.local(file, repository.slice("file://".length));
  return path === undefined ? [] : [path];
}

/** Helm fetches what a schema refers to. */
function checkSchema(walk: SourceWalk, file: string): undefined {
  const text = walk.read(file);
  if (text === undefined) return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return walk.refuse(file, "is not JSON");
  }
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== "object" || next === null) continue;
    for (const [key, inner] of Object.entries(next)) {
      if (key === "$ref" && typeof inner === "string" && !inner.startsWith("#"))
        return walk.refuse(file, `refers to ${shown(inner)}, which is not in it`);
      if (inner !== null && inner !== undefined) open.push(inner);
    }
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, "");
}
