import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** GitHub's published OpenAPI description, and what a body says against it. */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Schema = { [key: string]: Json };
type Media = { [contentType: string]: { schema?: Schema } };
type Operation = { responses: { [status: string]: { $ref?: string; content?: Media } } };
type Description = {
  paths: { [path: string]: { [method: string]: Operation } };
  "x-webhooks": { [name: string]: { post: { requestBody: { content: Media } } } };
  components: { responses: { [name: string]: { content?: Media } }; schemas: { [name: string]: Schema } };
};

type ValidationError = { instancePath: string; message?: string; params?: unknown; schemaPath: string };
type Validate = ((data: unknown) => boolean) & { errors?: ValidationError[] | null };
type Validator = { addSchema: (schema: unknown, key: string) => void; compile: (schema: unknown) => Validate };
type ValidatorClass = { default: new (options: Record<string, unknown>) => Validator };

const ROOT = "https://github.invalid/description";
const require = createRequire(import.meta.url);

/**
 * OpenAPI 3.0 made into JSON Schema: `nullable` becomes a null alternative (ajv only takes it next to `type`), references
 * lead into one shared document, and `oneOf` is read as `anyOf`, because GitHub's alternatives overlap (a file's schema
 * also fits a submodule).
 */
function toJsonSchema(node: Json): Json {
  if (Array.isArray(node)) return node.map(toJsonSchema);
  if (typeof node !== "object" || node === null) return node;
  const result: Schema = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === "nullable" || key === "example" || key === "examples" || key === "discriminator") continue;
    if (key === "$ref" && typeof value === "string") result.$ref = value.replace(/^#/, `${ROOT}#`);
    else result[key === "oneOf" ? "anyOf" : key] = toJsonSchema(value);
  }
  return node.nullable === true ? { anyOf: [{ type: "null" }, result] } : result;
}

export type Problem = { pointer: string; message: string };

export class GitHubDescription {
  private readonly description: Description;
  private readonly validator: Validator;
  private readonly compiled = new Map<string, Validate>();

  constructor() {
    const file = require.resolve("@octokit/openapi/generated/api.github.com.json");
    this.description = JSON.parse(readFileSync(file, "utf8")) as Description;
    const { default: Ajv } = require("ajv") as ValidatorClass;
    this.validator = new Ajv({ strict: false, allErrors: true, validateFormats: true, logger: false });
    (require("ajv-formats") as { default: (ajv: Validator) => void }).default(this.validator);
    const schemas: Schema = {};
    for (const [name, schema] of Object.entries(this.description.components.schemas))
      schemas[name] = toJsonSchema(schema);
    this.validator.addSchema({ $id: ROOT, components: { schemas } }, ROOT);
  }

  /** `GET /repos/{owner}/{repo}`: is it there at all? */
  hasOperation(route: string): boolean {
    return this.operation(route) !== undefined;
  }

  hasWebhook(name: string): boolean {
    return name in this.description["x-webhooks"];
  }

  checkResponse(route: string, status: number, contentType: string, body: unknown): Problem[] {
    const operation = this.operation(route);
    if (!operation) return [{ pointer: "", message: `${route} is not in the description` }];
    const found = operation.responses[String(status)] ?? operation.responses.default;
    if (!found)
      return [
        { pointer: "", message: `status ${status} is not documented (${Object.keys(operation.responses).join(", ")})` },
      ];
    const response = found.$ref ? this.description.components.responses[found.$ref.split("/").at(-1) ?? ""] : found;
    const media = response?.content ?? {};
    if (!contentType.includes("json")) {
      return body === undefined || body === "" || Object.keys(media).length > 0
        ? []
        : [{ pointer: "", message: "a body where none is documented" }];
    }
    const schema = (media["application/json"] ?? Object.values(media)[0])?.schema;
    // Where only the status of an error is documented, its body is the error that all others share.
    if (!schema && status >= 400) return this.check("basic-error", { $ref: "#/components/schemas/basic-error" }, body);
    if (!schema) return body === undefined ? [] : [{ pointer: "", message: "a body where none is documented" }];
    return this.check(`${route} ${status}`, schema, body);
  }

  checkWebhook(name: string, body: unknown): Problem[] {
    const schema = this.description["x-webhooks"][name]?.post.requestBody.content["application/json"]?.schema;
    return schema
      ? this.check(`webhook ${name}`, schema, body)
      : [{ pointer: "", message: `${name} is not in the description` }];
  }

  private operation(route: string): Operation | undefined {
    const [method = "", path = ""] = route.split(" ");
    return this.description.paths[path]?.[method.toLowerCase()];
  }

  /** Compiles on first use: there are a thousand operations and few are asked about. */
  private check(key: string, schema: Schema, body: unknown): Problem[] {
    const validate = this.compiled.get(key) ?? this.validator.compile(toJsonSchema(schema));
    this.compiled.set(key, validate);
    if (validate(body)) return [];
    const errors = validate.errors ?? [];
    // An alternative's own failures say more than "must match a schema in anyOf".
    const telling = errors.filter(
      ({ message }) => message !== "must be null" && !message?.startsWith("must match a schema in"),
    );
    return (telling.length > 0 ? telling : errors).map(({ instancePath, message, params }) => ({
      pointer: instancePath || "/",
      message: `${message ?? "invalid"} ${JSON.stringify(params)}`,
    }));
  }
}
