import { expect } from "vitest";
import { z } from "zod";
import { apiRoutes } from "../../../src/portal/api/api.ts";
import type { TailLimits } from "../../../src/portal/api/tail.ts";
import { httpApp } from "../../../src/portal/http.ts";
import type { Viewer } from "../../../src/portal/viewer.ts";
import type { ViewDeps } from "../../../src/portal/views/deps.ts";

const PUBLIC_URL = "https://hms.acme.dev";

export interface Published {
  paths: Record<string, Record<string, PublishedOperation>>;
  components: { schemas: { Problem: object } };
}

export interface PublishedOperation {
  parameters: { name: string; in: string }[];
  responses: Record<string, { content: Record<string, { schema: object }> }>;
  "x-required-role": string;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export interface Client {
  routes: ReturnType<typeof apiRoutes>;
  document: Published;
  /** Asks as a program would, and holds the answer against the published description of the operation. */
  ask(method: "GET" | "POST", path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The answer as it is. */
  raw(path: string, init?: RequestInit): Promise<Response>;
}

export async function client(deps: ViewDeps, viewer: Viewer | undefined, tail?: TailLimits): Promise<Client> {
  const routes = apiRoutes({ views: deps, version: "1.2.3", publicUrl: PUBLIC_URL, ...(tail ? { tail } : {}) });
  const app = httpApp(routes, async () => viewer, {
    publicUrl: PUBLIC_URL,
    now: () => deps.clock.now(),
    failed: (error) => expect.fail(error.stack),
  });
  const raw = async (path: string, init: RequestInit = {}) => app.request(`${PUBLIC_URL}/api/v1${path}`, init);
  const document = (await (await raw("/openapi.json")).json()) as Published;
  return {
    routes,
    document,
    raw,
    async ask(method, path, body, headers = {}) {
      const bytes = body instanceof Uint8Array ? new Uint8Array(body) : undefined;
      const answer = await raw(path, {
        method,
        headers: {
          "sec-fetch-site": "same-origin",
          origin: PUBLIC_URL,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: bytes ?? (typeof body === "string" ? body : JSON.stringify(body)) }),
      });
      const found = (await answer.json()) as Record<string, unknown>;
      asPublished(document, method, path, answer, found);
      return { status: answer.status, headers: answer.headers, body: found };
    },
  };
}

/** Fails unless the description has the operation, the status, the media type, and a schema that the answer meets. */
export function asPublished(document: Published, method: string, path: string, answer: Response, body: unknown): void {
  const [wanted = ""] = `/api/v1${path}`.split("?");
  const paths = Object.entries(document.paths).filter(([pattern]) =>
    new RegExp(`^${pattern.replace(/\{\w+\}/g, "[^/]+")}$`).test(wanted),
  );
  // A fixed path is told before one with a variable, as the router does.
  const [, operations] = paths.sort(([a], [b]) => a.split("{").length - b.split("{").length)[0] ?? [];
  const operation = operations?.[method.toLowerCase()];
  expect(operation, `${method} ${wanted} is described`).toBeDefined();
  const response = operation?.responses[String(answer.status)];
  expect(response, `${method} ${wanted} may answer ${answer.status}: ${JSON.stringify(body)}`).toBeDefined();
  const type = (answer.headers.get("content-type") ?? "").split(";")[0] ?? "";
  const schema = response?.content[type]?.schema;
  expect(schema, `${method} ${wanted} may answer with ${type}`).toBeDefined();
  const whole = "$ref" in (schema ?? {}) ? document.components.schemas.Problem : schema;
  const parsed = z.fromJSONSchema(whole as never).safeParse(body);
  expect(parsed.error?.issues, `${method} ${wanted} answers as described`).toBeUndefined();
}
