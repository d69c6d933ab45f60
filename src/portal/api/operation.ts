import type { Context } from "hono";
import { z } from "zod";
import { type ProblemCode, problem } from "../problem.ts";
import type { Route } from "../route.ts";
import type { Role, Viewer } from "../viewer.ts";

/** One operation of the API: what parses a request, what describes it, and what answers it, in one place. */
export interface Operation {
  method: "GET" | "POST";
  /** Hono's pattern below `/api/v1`. */
  path: string;
  access: Role;
  /** Whoever has this role is let in as well. */
  orRole?: Role;
  summary: string;
  /** Told in the published description; more than the summary says. */
  description?: string;
  params: z.ZodObject;
  query: z.ZodObject;
  /** By media type; absent where no body is read. */
  body?: Record<string, z.ZodType>;
  bodyRequired?: boolean;
  maxBodyBytes?: number;
  cost?: number;
  /** What a good answer holds, by media type. */
  answer: Record<string, z.ZodType>;
  /** What a refusal may say besides what every operation may. */
  problems: readonly ProblemCode[];
  handle(request: Request, viewer: Viewer): Promise<Response>;
}

/** Parsed and typed. */
export interface Asked<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  viewer: Viewer;
  headers: Headers;
  /** Aborted when whoever asked goes away. */
  signal: AbortSignal;
}

interface Request {
  context: Context;
}

interface Spec<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, A extends z.ZodType> {
  method: "GET" | "POST";
  path: string;
  access: Role;
  orRole?: Role;
  summary: string;
  description?: string;
  params?: P;
  query?: Q;
  /** JSON. */
  body?: B;
  /** Nothing has to be sent. */
  bodyOptional?: true;
  /** Media types that are taken as they are in place of JSON. */
  binary?: string[];
  maxBodyBytes?: number;
  cost?: number;
  answer: A;
  /** `application/json` unless it says otherwise; then `answer` describes one event. */
  answerType?: string;
  problems?: ProblemCode[];
  /** The answer, or a problem. */
  handle(asked: Asked<z.output<P>, z.output<Q>, z.output<B> | Uint8Array | undefined>): Promise<z.input<A> | Response>;
}

const NOTHING = z.strictObject({});
const JSON_BODY_BYTES = 1024 * 1024;

/** Declares an operation. Parameters and bodies that are not described are refused before it is asked. */
export function operation<
  A extends z.ZodType,
  P extends z.ZodObject = typeof NOTHING,
  Q extends z.ZodObject = typeof NOTHING,
  B extends z.ZodType = z.ZodNever,
>(spec: Spec<P, Q, B, A>): Operation {
  const { method, path, access, summary, description, cost, answer, handle } = spec;
  const params = spec.params ?? NOTHING;
  const query = spec.query ?? NOTHING;
  const body = spec.body && {
    "application/json": spec.body,
    ...Object.fromEntries((spec.binary ?? []).map((type) => [type, BINARY] as const)),
  };
  return {
    method,
    path: `/api/v1${path}`,
    access,
    ...(spec.orRole === undefined ? {} : { orRole: spec.orRole }),
    summary,
    ...(description === undefined ? {} : { description }),
    params,
    query,
    ...(body ? { body, bodyRequired: !spec.bodyOptional, maxBodyBytes: spec.maxBodyBytes ?? JSON_BODY_BYTES } : {}),
    ...(cost === undefined ? {} : { cost }),
    answer: { [spec.answerType ?? "application/json"]: answer },
    problems: spec.problems ?? [],
    async handle({ context }, viewer) {
      const { req } = context;
      const given = params.safeParse(req.param());
      // An address that no repository or decision could have is one where nothing is.
      if (!given.success) return problem("not-found");
      const asked = readQuery(query, req.queries());
      if (typeof asked === "string") return problem("parameter-refused", asked);
      const sent = body && (await readBody(context, spec.body as B, spec.binary ?? [], spec.bodyOptional === true));
      if (sent instanceof Response) return sent;
      const result = await handle({
        params: given.data as z.output<P>,
        query: asked as z.output<Q>,
        body: sent?.value,
        viewer,
        headers: req.raw.headers,
        signal: req.raw.signal,
      });
      return result instanceof Response ? result : context.json(result as object);
    },
  };
}

const BINARY = z.string().meta({ format: "binary" });

/** The route of an operation. */
export function routeOf(one: Operation): Route {
  const { method, path, access, orRole, summary, maxBodyBytes, cost, handle } = one;
  const base = {
    method,
    path,
    summary,
    ...(orRole === undefined ? {} : { orRole }),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
    ...(cost === undefined ? {} : { cost }),
  };
  return { ...base, access, handler: (context, viewer) => handle({ context }, viewer) };
}

/** Parsed, or why not. */
function readQuery(schema: z.ZodObject, queries: Record<string, string[]>): Record<string, unknown> | string {
  const given: Record<string, string> = {};
  for (const [name, values] of Object.entries(queries)) {
    if (!Object.hasOwn(schema.shape, name)) {
      const known = Object.keys(schema.shape).join(", ");
      return `There is no parameter ${JSON.stringify(name.slice(0, 60))}. ${known ? `Known are ${known}.` : "None is taken here."}`;
    }
    if (values.length > 1) return `The parameter ${name} is given more than once.`;
    given[name] = values[0] ?? "";
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  return firstIssue(parsed.error, "The parameter");
}

async function readBody<B extends z.ZodType>(
  context: Context,
  schema: B,
  binary: string[],
  optional: boolean,
): Promise<{ value: z.output<B> | Uint8Array | undefined } | Response> {
  const type = (context.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const bytes = new Uint8Array(await context.req.arrayBuffer());
  if (bytes.byteLength === 0 && optional) return { value: undefined };
  if (binary.includes(type)) return { value: bytes };
  if (type !== "application/json")
    return problem("unsupported-media-type", `Taken are ${["application/json", ...binary].join(", ")}.`);
  if (bytes.byteLength > JSON_BODY_BYTES && binary.length === 0) return problem("too-large");
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return problem("body-refused", "The body is not JSON.");
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? { value: parsed.data } : problem("body-refused", firstIssue(parsed.error, "The member"));
}

function firstIssue(error: z.ZodError, what: string): string {
  const issue = error.issues[0];
  const path = issue?.path.join(".").slice(0, 100);
  return path ? `${what} ${path}: ${issue?.message}` : (issue?.message ?? "It is not of the described shape.");
}
