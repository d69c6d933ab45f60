import type { User } from "../api/access.ts";
import type { Api } from "../api/api.ts";
import { at, type Fields, fieldsOf, type Stored, textAt } from "../api/fields.ts";
import type { ApiResponse } from "../api/request.ts";
import { apiVersionOf, type Resource } from "../api/resources.ts";

export interface Call {
  contentType?: string;
  query?: Record<string, string>;
}

/** The address of an object, or of all of its kind. */
export function pathOf(resource: Resource, namespace: string, name = "", subresource = ""): string {
  const root = resource.group ? `/apis/${apiVersionOf(resource)}` : `/api/${resource.version}`;
  const place = resource.namespaced && namespace ? ["namespaces", namespace] : [];
  const parts = [...place, resource.plural, name, subresource].filter(Boolean).map(encodeURIComponent);
  return [root, ...parts].join("/");
}

/** A controller's way to the API of its own process: the same rights and checks as over a socket. */
export class LocalClient {
  readonly api: Api;
  readonly #user: User;
  readonly #agent: string;

  constructor(api: Api, user: User, agent: string) {
    this.api = api;
    this.#user = user;
    this.#agent = agent;
  }

  call(
    method: string,
    path: string,
    body?: unknown,
    { contentType = "application/json", query = {} }: Call = {},
  ): ApiResponse {
    return this.api.handle({
      method,
      path,
      query: new URLSearchParams(query),
      contentType,
      body,
      userAgent: this.#agent,
      user: this.#user,
    });
  }

  /** Undefined: created. Else why not. */
  create(
    resource: Resource,
    object: { metadata: { namespace?: string; name: string } & Fields } & Record<string, unknown>,
  ): string | undefined {
    const whole = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
    return refusalOf(this.call("POST", pathOf(resource, object.metadata.namespace ?? ""), whole));
  }

  /** Replaces the status, and nothing where it is so already. */
  setStatus(resource: Resource, { metadata }: Stored, status: unknown): void {
    const current = this.api.store.get(resource, metadata.namespace ?? "", metadata.name);
    if (current)
      this.call("PUT", pathOf(resource, metadata.namespace ?? "", metadata.name, "status"), { ...current, status });
  }

  patch(resource: Resource, { metadata }: Stored, patch: unknown): ApiResponse {
    const path = pathOf(resource, metadata.namespace ?? "", metadata.name);
    return this.call("PATCH", path, patch, { contentType: "application/merge-patch+json" });
  }

  delete(resource: Resource, { metadata }: Stored, options: Record<string, unknown> = {}): ApiResponse {
    const body = { preconditions: { uid: metadata.uid }, ...options };
    return this.call("DELETE", pathOf(resource, metadata.namespace ?? "", metadata.name), body);
  }
}

/** The message of a refusal; undefined of a success. */
export function refusalOf({ status, body }: ApiResponse): string | undefined {
  return status < 300 ? undefined : textAt(body, "message") || String(body);
}

/** The owner reference of a controller to what it made. */
export function ownedBy({
  apiVersion,
  kind,
  metadata: { name, uid = "" },
}: Stored): NonNullable<Stored["metadata"]["ownerReferences"]>[number] {
  return { apiVersion, kind, name, uid, controller: true, ...{ blockOwnerDeletion: true } };
}

export function conditionsWith(
  object: Stored,
  ...conditions: { type: string; status: string; reason: string; message: string }[]
): unknown[] {
  const list = at(object, "status", "conditions");
  const old = Array.isArray(list) ? list.map(fieldsOf) : [];
  const kept = old.filter(({ type }) => !conditions.some((condition) => condition.type === type));
  return [
    ...kept,
    ...conditions.map((condition) => {
      const before = old.find(({ type }) => type === condition.type);
      const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
      return { ...condition, lastTransitionTime: since ?? now() };
    }),
  ];
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
