import { copy, type Fields, fieldsOf, isFields, same } from "./fields.ts";
import { ApiStatus, badRequest } from "./status.ts";

/** https://www.rfc-editor.org/rfc/rfc7396 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return copy(patch);
  const merged: Fields = { ...fieldsOf(target) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

interface Operation {
  op?: string;
  path?: string;
  from?: string;
  value?: unknown;
}

/** https://www.rfc-editor.org/rfc/rfc6902; an operation that does not fit is a 422, as the API server answers it. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  const root: { value: unknown } = { value: copy(target) };
  for (const operation of patch as Operation[]) perform(root, operation);
  return root.value;
}

function perform(root: { value: unknown }, { op, path = "", from = "", value }: Operation): void {
  switch (op) {
    case "add":
      add(root, path, copy(value));
      return;
    case "remove":
      remove(root, path);
      return;
    case "replace":
      read(root, path, "replace");
      if (isIndex(root, path)) remove(root, path);
      add(root, path, copy(value));
      return;
    case "move": {
      const moved = read(root, from, "move");
      remove(root, from);
      add(root, path, moved);
      return;
    }
    case "copy":
      add(root, path, copy(read(root, from, "copy")));
      return;
    case "test":
      if (!same(lookUp(root, path), value)) throw unprocessable(`testing value ${path} failed: test failed`);
      return;
    default:
      throw unprocessable(`unexpected kind: ${op}`);
  }
}

function pointer(path: string): string[] {
  if (path === "") return [];
  return path
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function lookUp(root: { value: unknown }, path: string): unknown {
  return pointer(path).reduce<unknown>((current, name) => {
    if (Array.isArray(current)) return current[Number(name)];
    return isFields(current) && Object.hasOwn(current, name) ? current[name] : undefined;
  }, root.value);
}

function read(root: { value: unknown }, path: string, what: string): unknown {
  const found = lookUp(root, path);
  if (found === undefined) throw unprocessable(`${what} operation does not apply: doc is missing key: ${path}`);
  return found;
}

function parentOf(root: { value: unknown }, path: string): { parent: unknown; name: string } {
  const parts = pointer(path);
  const name = parts.pop() ?? "";
  const above = parts.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return { parent: lookUp(root, above), name };
}

function isIndex(root: { value: unknown }, path: string): boolean {
  return Array.isArray(parentOf(root, path).parent);
}

function add(root: { value: unknown }, path: string, value: unknown): void {
  if (path === "") {
    root.value = value;
    return;
  }
  const { parent, name } = parentOf(root, path);
  if (Array.isArray(parent)) {
    const index = name === "-" ? parent.length : Number(name);
    if (!(index >= 0 && index <= parent.length)) throw unprocessable(`add operation does not apply: ${path}`);
    parent.splice(index, 0, value);
  } else if (isFields(parent)) parent[name] = value;
  else throw unprocessable(`add operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`);
}

function remove(root: { value: unknown }, path: string): void {
  read(root, path, "remove");
  const { parent, name } = parentOf(root, path);
  if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else delete fieldsOf(parent)[name];
}

function unprocessable(message: string): ApiStatus {
  return new ApiStatus(
    422,
    "Invalid",
    `the server rejected our request due to an error in our request: ${message}`,
    {},
  );
}
