import { readFileSync } from "node:fs";
import { fieldsOf, isFields, type Stored } from "./fields.ts";
import { apiVersionOf, type Resource } from "./resources.ts";
import { ApiStatus, badRequest } from "./status.ts";

/** Where an object is not as its kind's schema has it. */
interface Misfit {
  /** `.spec.replicas` */
  path: string;
  problem: "unknown" | "type" | "base64";
  wanted: string;
  value: unknown;
}

const kinds = new Map<string, string>();
const types = new Map<string, Map<string, string>>();

for (const line of readFileSync(new URL("schemas.txt", import.meta.url), "utf8").split("\n")) {
  const [name = "", ...fields] = line.split(" ");
  if (name.startsWith("#") || name === "") continue;
  if (name.includes("/")) kinds.set(name, fields[0] ?? "*");
  else if (fields[0] !== "*")
    types.set(name, new Map(fields.map((field) => field.split(/:(.*)/s) as [string, string])));
}

/**
 * Refuses what does not fit: of an apply whatever is not in the schema, of other writes what is of another type, and unknown fields where the
 * writer asked for `fieldValidation=Strict`. Returns the object without its unknown fields. Custom resources fit always.
 */
export function fitting(resource: Resource, object: Stored, write: { applied: boolean; strict: boolean }): Stored {
  const type = kinds.get(`${apiVersionOf(resource)}/${resource.kind}`);
  if (!type || resource.custom) return object;
  const misfits: Misfit[] = [];
  const fit = pruned(object, type, "", misfits) as Stored;
  const unknown = misfits.filter(({ problem }) => problem === "unknown");
  const [wrong] = misfits.filter(({ problem }) => problem !== "unknown");
  if (write.applied && misfits.length > 0 && wrong?.problem !== "base64") throw notTyped(resource, object, misfits);
  if (wrong) throw badRequest(cannotBeHandled(resource, wrong));
  if (unknown.length > 0 && write.strict) {
    const errors = unknown.map(({ path }) => `unknown field ${JSON.stringify(path.slice(1))}`);
    throw badRequest(
      `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}: strict decoding error: ${errors.join(", ")}`,
    );
  }
  return fit;
}

function notTyped(resource: Resource, { metadata: { namespace = "", name } }: Stored, misfits: Misfit[]): ApiStatus {
  const lines = misfits.map(({ path, problem, wanted, value }) =>
    problem === "unknown"
      ? `${path}: field not declared in schema`
      : `${path}: expected ${wanted}, got ${Array.isArray(value) ? "list" : typeof value}`,
  );
  const list = lines.length === 1 ? lines[0] : `errors:\n  ${lines.join("\n  ")}`;
  const gvk = `${apiVersionOf(resource)}, Kind=${resource.kind}`;
  return new ApiStatus(500, "", `failed to create typed patch object (${namespace}/${name}; ${gvk}): ${list}`);
}

function cannotBeHandled({ kind, version }: Resource, { path, problem, wanted, value }: Misfit): string {
  const what =
    problem === "base64"
      ? "illegal base64 data at input byte 0"
      : `json: cannot unmarshal ${Array.isArray(value) ? "array" : isFields(value) ? "object" : typeof value} into Go struct field ${kind}${path} of type ${wanted}`;
  return `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${what}`;
}

const SCALARS: Record<string, { words: string; fits: (value: unknown) => boolean }> = {
  s: { words: "string", fits: (value) => typeof value === "string" },
  y: { words: "string", fits: (value) => typeof value === "string" },
  t: { words: "string", fits: (value) => typeof value === "string" },
  i: { words: "numeric (int or float)", fits: Number.isInteger },
  n: { words: "numeric (int or float)", fits: (value) => typeof value === "number" },
  b: { words: "boolean", fits: (value) => typeof value === "boolean" },
  q: { words: "string or number", fits: (value) => typeof value === "string" || typeof value === "number" },
};
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function pruned(value: unknown, typeWithMark: string, path: string, misfits: Misfit[]): unknown {
  const type = typeWithMark.replace(/^!/, "");
  if (value === null || value === undefined || type === "*") return value;
  const wrong = (wanted: string) => misfits.push({ path, problem: "type", wanted, value });
  const list = /^\[[^\]]*\](.*)$/.exec(type);
  if (list) {
    if (Array.isArray(value))
      return value.map((item, index) => pruned(item, list[1] ?? "*", `${path}[${index}]`, misfits));
    wrong("list");
  } else if (type.startsWith("{}")) {
    if (isFields(value)) return eachField(value, (name) => ({ type: type.slice(2), path: `${path}.${name}` }), misfits);
    wrong("map");
  } else if (type.startsWith("@")) {
    const fields = types.get(type.slice(1));
    if (!fields) return value;
    if (isFields(value))
      return eachField(value, (name) => ({ type: fields.get(name), path: `${path}.${name}` }), misfits);
    wrong("map");
  } else {
    const scalar = SCALARS[type];
    if (scalar && !scalar.fits(value)) wrong(scalar.words);
    else if (type === "y" && !BASE64.test(String(value))) misfits.push({ path, problem: "base64", wanted: "", value });
  }
  return value;
}

function eachField(
  value: object,
  of: (name: string) => { type: string | undefined; path: string },
  misfits: Misfit[],
): object {
  const kept = Object.entries(fieldsOf(value)).flatMap(([name, field]) => {
    const { type, path } = of(name);
    if (type !== undefined) return [[name, pruned(field, type, path, misfits)]];
    misfits.push({ path, problem: "unknown", wanted: "", value: field });
    return [];
  });
  return Object.fromEntries(kept);
}
