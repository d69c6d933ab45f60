import { dirname, join, normalize } from "node:path/posix";
import { parse, parseAllDocuments, type YAMLParseError } from "yaml";
import { copy, type Fields, fieldsOf, isFields, listOf, textAt } from "../api/fields.ts";
import { mergePatch } from "../api/patches.ts";
import { SourceError } from "./git-sources.ts";

/** An object that a source wants. */
export type Manifest = Fields & { apiVersion: string; kind: string; metadata: Fields };

const KUSTOMIZATION = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** The objects of a source's path: those of its Kustomization, or of the YAML and JSON files that lie in it. Helm is not simulated. */
export function manifestsOf(files: Map<string, string>, source: unknown): Manifest[] {
  const path = textAt(source, "path") || ".";
  const directory = normalize(path).replace(/\/$/, "");
  const inside = [...files.keys()].filter((name) => directory === "." || name.startsWith(`${directory}/`));
  if (inside.length === 0) throw new SourceError(`${path}: app path does not exist`);
  if (inside.includes(join(directory, "Chart.yaml")))
    throw new SourceError("helm template failed: Helm is not simulated");
  if (KUSTOMIZATION.some((name) => files.has(join(directory, name))))
    return kustomize(files, directory, fieldsOf(fieldsOf(source).kustomize));
  const recursive = fieldsOf(fieldsOf(source).directory).recurse === true;
  return inside
    .filter((name) => recursive || dirname(name) === directory)
    .sort()
    .flatMap((name) => documentsOf(name, files.get(name) ?? "", directory));
}

function documentsOf(name: string, text: string, directory: string): Manifest[] {
  const shown = name.slice(directory === "." ? 0 : directory.length + 1);
  const documents = parseAllDocuments(text);
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error)
      throw new SourceError(
        `Failed to unmarshal "${shown}": failed to unmarshal manifest: error converting YAML to JSON: yaml: ${saidByGo(error)}`,
      );
    return objectsIn(document.toJS(), shown);
  });
}

/** Line and reason in that order, with no column. */
function saidByGo({ message, linePos }: YAMLParseError): string {
  const reason = message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? "";
  const bracket = /end with a ([\]}])/.exec(reason)?.[1];
  const said = bracket ? `did not find expected ',' or '${bracket}'` : reason;
  return linePos ? `line ${linePos[0].line}: ${said}` : said;
}

function objectsIn(value: unknown, name: string): Manifest[] {
  if (value === null || value === undefined) return [];
  if (!isFields(value))
    throw new SourceError(
      `Failed to unmarshal "${name}": failed to unmarshal manifest: json: cannot unmarshal into Go value of type map[string]interface {}`,
    );
  if (textAt(value, "kind").endsWith("List") && Array.isArray(value.items))
    return value.items.flatMap((item) => objectsIn(item, name));
  if (!textAt(value, "kind") || !textAt(value, "apiVersion")) {
    if (!("kind" in value) && !("apiVersion" in value)) return [];
    throw new SourceError(`Failed to unmarshal "${name}": Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  }
  return [{ ...value, metadata: { ...fieldsOf(value.metadata) } } as Manifest];
}

/** https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/: resources within the repository, namespace, names, labels, images, replicas and patches that merge. */
function kustomize(files: Map<string, string>, directory: string, overrides: Fields, above: string[] = []): Manifest[] {
  const name = KUSTOMIZATION.map((one) => join(directory, one)).find((one) => files.has(one));
  if (!name || above.includes(directory))
    throw new SourceError(
      `\`kustomize build\` failed: unable to find one of 'kustomization.yaml' in directory '${directory}'`,
    );
  const build = fieldsOf(parse(files.get(name) ?? ""));
  const resources = [...listOf(build.resources), ...listOf(build.bases)].map(String);
  let made = resources.flatMap((entry) => {
    if (/:\/\/|^git@|^github\.com/.test(entry))
      throw new SourceError(`\`kustomize build\` failed: remote resource '${entry}' is not simulated`);
    const path = join(directory, entry);
    if (files.has(path)) return documentsOf(path, files.get(path) ?? "", directory);
    if (path.startsWith(".."))
      throw new SourceError(`\`kustomize build\` failed: security; file '${entry}' is not in or below '${directory}'`);
    return kustomize(files, path.replace(/\/$/, ""), {}, [...above, directory]);
  });
  for (const patch of [...listOf(build.patches), ...listOf(build.patchesStrategicMerge)])
    made = withPatch(files, directory, made, patch);
  return [build, overrides].reduce<Manifest[]>(
    (objects, settings) => objects.map((object) => transformed(object, settings)),
    made,
  );
}

function withPatch(files: Map<string, string>, directory: string, objects: Manifest[], patch: unknown): Manifest[] {
  const file = typeof patch === "string" ? patch : textAt(patch, "path");
  const text = file ? files.get(join(directory, file)) : textAt(patch, "patch");
  const fields = parse(text ?? "");
  if (!isFields(fields)) throw new SourceError("`kustomize build` failed: only patches that merge are simulated");
  const kind = textAt(patch, "target", "kind") || textAt(fields, "kind");
  const name = textAt(patch, "target", "name") || textAt(fields, "metadata", "name");
  return objects.map((object) =>
    object.kind === kind && textAt(object, "metadata", "name") === name
      ? (mergePatch(object, fields) as Manifest)
      : object,
  );
}

function transformed(object: Manifest, settings: Fields): Manifest {
  const next = copy(object);
  const { metadata } = next;
  if (textAt(settings, "namespace")) metadata.namespace = settings.namespace;
  metadata.name = `${textAt(settings, "namePrefix")}${String(metadata.name)}${textAt(settings, "nameSuffix")}`;
  const labels = {
    ...fieldsOf(settings.commonLabels),
    ...Object.assign({}, ...listOf(settings.labels).map((entry) => fieldsOf(entry).pairs)),
  };
  if (Object.keys(labels).length > 0) metadata.labels = { ...fieldsOf(metadata.labels), ...labels };
  const annotations = fieldsOf(settings.commonAnnotations);
  if (Object.keys(annotations).length > 0) metadata.annotations = { ...fieldsOf(metadata.annotations), ...annotations };
  for (const entry of listOf(settings.replicas))
    if (textAt(entry, "name") === object.metadata.name && isFields(next.spec))
      next.spec.replicas = fieldsOf(entry).count;
  for (const entry of listOf(settings.images)) withImage(next, imageOf(entry));
  return next;
}

interface ImageChange {
  name: string;
  newName: string;
  suffix: string;
}

/** As kustomization files have them, and as Argo CD's overrides do: `name=new:tag`. */
function imageOf(entry: unknown): ImageChange {
  if (typeof entry === "string") {
    const [first = "", second] = entry.split("=");
    const { name, suffix } = splitImage(second ?? first);
    return { name: second ? splitImage(first).name : name, newName: name, suffix };
  }
  const [name, digest, tag] = [textAt(entry, "name"), textAt(entry, "digest"), textAt(entry, "newTag")];
  return { name, newName: textAt(entry, "newName") || name, suffix: digest ? `@${digest}` : tag ? `:${tag}` : "" };
}

function splitImage(image: string): { name: string; suffix: string } {
  const [, name = image, suffix = ""] = /^(.*?)((?::[^:/@]+)?(?:@.+)?)$/.exec(image) ?? [];
  return { name, suffix };
}

function withImage(value: unknown, change: ImageChange): void {
  if (Array.isArray(value)) for (const item of value) withImage(item, change);
  if (!isFields(value)) return;
  for (const [field, inner] of Object.entries(value)) {
    if (/^(?:initC|c)ontainers$/.test(field))
      for (const container of listOf(inner).filter(isFields)) {
        const { name, suffix } = splitImage(textAt(container, "image"));
        if (name === change.name) container.image = change.newName + (change.suffix || suffix);
      }
    else withImage(inner, change);
  }
}
