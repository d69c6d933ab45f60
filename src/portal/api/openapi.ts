import { z } from "zod";
import { PROBLEMS, type ProblemCode } from "../problem.ts";
import type { Operation } from "./operation.ts";

/** What any operation may be refused with. */
const EVERYWHERE: ProblemCode[] = [
  "not-found",
  "not-signed-in",
  "not-allowed",
  "parameter-refused",
  "too-many-requests",
  "internal-error",
];
const WITH_BODY: ProblemCode[] = ["body-refused", "unsupported-media-type", "too-large"];
const CHANGING: ProblemCode[] = ["foreign-origin"];

export interface ApiInfo {
  version: string;
  /** Where people reach this process, without a slash at the end. */
  publicUrl: string;
}

/** The description of the API, https://spec.openapis.org/oas/v3.1.1, from the very schemas that parse requests. */
export function openApiDocument(operations: readonly Operation[], { version, publicUrl }: ApiInfo) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const one of operations) {
    const path = one.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: describe(one) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "HMS-SYS",
      version,
      description:
        "Reads what HMS-SYS decided and why. What is answered follows what whoever asks may see on GitHub: a repository that they do not see is one that is not there. Times are milliseconds since the epoch.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: publicUrl }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "HMS_OPERATOR_TOKEN, for programs." },
        session: { type: "apiKey", in: "cookie", name: "hms_session", description: "Whoever signed in to the portal." },
      },
      schemas: { Problem: PROBLEM },
    },
  };
}

const PROBLEM = {
  type: "object",
  description: "https://www.rfc-editor.org/rfc/rfc9457; `type` leads to the section about the code.",
  required: ["type", "title", "status", "code", "next"],
  additionalProperties: false,
  properties: {
    type: { type: "string", format: "uri" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string", enum: Object.keys(PROBLEMS) },
    detail: { type: "string", description: "What was wrong with this very request." },
    next: { type: "string", description: "What to do." },
  },
};

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
const HEADERS = {
  RateLimit: {
    description: "What you have left: `r` requests; all of them in `t` seconds.",
    schema: { type: "string" },
  },
  "RateLimit-Policy": { description: "`q` requests within `w` seconds.", schema: { type: "string" } },
};

function describe(one: Operation): object {
  const changes = one.method !== "GET";
  const codes = [...EVERYWHERE, ...(one.body ? WITH_BODY : []), ...(changes ? CHANGING : []), ...one.problems];
  return {
    operationId: operationId(one),
    summary: one.summary,
    ...(one.description ? { description: one.description } : {}),
    tags: [one.path.split("/")[3]],
    "x-required-role": one.access,
    parameters: [...parameters(one.params, "path"), ...parameters(one.query, "query")],
    ...(one.body ? { requestBody: { required: one.bodyRequired ?? false, content: content(one.body, "input") } } : {}),
    responses: {
      "200": { description: "The answer.", headers: HEADERS, content: content(one.answer, "output") },
      ...refusals(codes),
    },
  };
}

/** `GET /api/v1/decisions/:id` → `getDecisionsId`. */
function operationId({ method, path }: Operation): string {
  const words = path.slice("/api/v1/".length).split(/[^a-zA-Z0-9]+/);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function parameters(schema: z.ZodObject, where: "path" | "query"): object[] {
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    ...(description ? { description } : {}),
    schema: rest,
  }));
}

function content(byType: Record<string, z.ZodType>, io: "input" | "output"): object {
  return Object.fromEntries(Object.entries(byType).map(([type, schema]) => [type, { schema: jsonSchema(schema, io) }]));
}

function refusals(codes: ProblemCode[]): object {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const answer = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
  return Object.fromEntries(
    [...byStatus].map(([status, these]) => [
      String(status),
      { description: these.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(" "), content: answer },
    ]),
  );
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: "draft-2020-12" }) as { $schema?: string };
  return rest;
}
