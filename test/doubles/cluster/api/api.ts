import { type Access, AccessControl, accessTo, type User } from "./access.ts";
import { discovery } from "./discovery.ts";
import { type Fields, fieldsOf, type Stored } from "./fields.ts";
import { jsonPatch, mergePatch } from "./patches.ts";
import { Lists, selectionOf } from "./reads.ts";
import type { ApiRequest, ApiResponse, DeleteOptions } from "./request.ts";
import { parsePath, type Target } from "./request-path.ts";
import { type Resource, Resources } from "./resources.ts";
import { requestToken, review, scaleOf, withScale } from "./reviews.ts";
import { ApiStatus, badRequest, forbidden, NoSuchPath } from "./status.ts";
import { Store } from "./store.ts";
import { Watches } from "./watches.ts";
import { type ApiState, apply, create, existing, remove, replace, type WriteContext } from "./writes.ts";

const READ_BY_ALL = /^\/(?:version|livez|readyz|healthz)\/?$/;

/** The API server without its sockets: a request in, an answer out, at once. */
export class Api implements ApiState {
  readonly store = new Store();
  readonly resources = new Resources();
  readonly access = new AccessControl(this.store, this.resources);
  readonly watches = new Watches(this.store);
  readonly lists = new Lists(this.store);
  readonly admission: ApiState["admission"] = [];
  readonly gitVersion: string;

  constructor(gitVersion: string) {
    this.gitVersion = gitVersion;
  }

  /** Never rejects: what goes wrong is a Status. Watches are opened by {@link watch}. */
  handle(request: ApiRequest): ApiResponse {
    try {
      return this.#answer(request);
    } catch (error) {
      return refusal(error);
    }
  }

  /** What a request wants to follow; undefined where it wants something else. Throws what `handle` would answer. */
  watched({ method, path, query, user }: ApiRequest): Target | undefined {
    if (method !== "GET" || !["1", "true"].includes(query.get("watch") ?? "")) return undefined;
    const target = this.#target(path);
    if (target.subresource) return undefined;
    this.#authorize(user, accessTo(target.resource, "", "watch", target.namespace, target.name), target.resource);
    return target;
  }

  #answer(request: ApiRequest): ApiResponse {
    const { method, path, user, query } = request;
    if (READ_BY_ALL.test(path) && !path.startsWith("/version")) return { status: 200, body: "ok" };
    const known = method === "GET" && user.groups.length > 0 && (READ_BY_ALL.test(path) || isKnown(user));
    const about = known ? discovery(path.replace(/\/$/, ""), this.resources, this.gitVersion) : undefined;
    if (about !== undefined) return { status: 200, body: about };
    const reviewed = review(request, this.access);
    if (reviewed) return reviewed;
    const target = this.#target(path);
    const verb = verbOf(method, target);
    if (!verb) throw methodNotAllowed();
    this.#authorize(
      user,
      accessTo(target.resource, target.subresource, verb, target.namespace, target.name),
      target.resource,
    );
    if (verb === "list") return { status: 200, body: this.lists.list(target, query) };
    if (target.subresource && !isServed(target)) throw new NoSuchPath(path);
    return this.#perform(verb, target, request);
  }

  #perform(verb: string, target: Target, request: ApiRequest): ApiResponse {
    const { body, query } = request;
    const context = contextOf(target, request, verb);
    if (target.subresource === "scale") return this.#scale(verb, context, request);
    switch (verb) {
      case "get":
        return { status: 200, body: existing(this, target) };
      case "create":
        if (target.subresource === "token")
          return { status: 201, body: requestToken(existing(this, target), body, this.access) };
        if (target.name) throw methodNotAllowed();
        return { status: 201, body: create(this, context, body) };
      case "update":
        return { status: 200, body: replace(this, context, body) };
      case "patch":
        return this.#patch(context, request);
      case "delete":
        return deletion(target, remove(this, context, deleteOptions(request)));
      default: {
        const selected = selectionOf(query);
        const namespace = target.resource.namespaced && target.namespace ? target.namespace : undefined;
        const items = this.store.list(target.resource, namespace).filter(selected);
        for (const { metadata } of items) {
          const one = { ...target, name: metadata.name, namespace: metadata.namespace ?? "" };
          remove(this, { ...context, target: one }, deleteOptions(request));
        }
        return {
          status: 200,
          body: { kind: `${target.resource.kind}List`, apiVersion: items[0]?.apiVersion ?? "v1", metadata: {}, items },
        };
      }
    }
  }

  #patch(context: WriteContext, { contentType, body, query, user }: ApiRequest): ApiResponse {
    const { target } = context;
    switch (contentType) {
      case "application/apply-patch+yaml": {
        if (!query.get("fieldManager"))
          throw badRequest(
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
          );
        const had = this.store.get(target.resource, target.namespace, target.name);
        if (!had)
          this.#authorize(
            user,
            accessTo(target.resource, target.subresource, "create", target.namespace, target.name),
            target.resource,
          );
        const stored = apply(this, context, body, query.get("force") === "true");
        return { status: had ? 200 : 201, body: stored };
      }
      case "application/merge-patch+json":
        return { status: 200, body: this.#patched(context, (old) => mergePatch(old, body)) };
      case "application/json-patch+json":
        return { status: 200, body: this.#patched(context, (old) => jsonPatch(old, body)) };
      default:
        throw new ApiStatus(
          415,
          "UnsupportedMediaType",
          `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
        );
    }
  }

  #patched(context: WriteContext, change: (old: unknown) => unknown): Stored {
    const old = existing(this, context.target);
    const next = fieldsOf(change(old));
    const metadata = fieldsOf(next.metadata);
    if (metadata.name !== old.metadata.name) throw badRequest("the name of the object cannot be changed");
    return replace(this, context, next);
  }

  #scale(verb: string, context: WriteContext, { body, contentType }: ApiRequest): ApiResponse {
    const object = existing(this, context.target);
    if (verb === "get") return { status: 200, body: scaleOf(object) };
    const scale = scaleOf(object);
    const patches: Record<string, () => unknown> = {
      "application/merge-patch+json": () => mergePatch(scale, body),
      "application/json-patch+json": () => jsonPatch(scale, body),
    };
    const next = verb === "update" ? body : patches[contentType]?.();
    if (next === undefined)
      throw new ApiStatus(415, "UnsupportedMediaType", "the body of the request was in an unknown format");
    const wanted = {
      ...context,
      target: { ...context.target, subresource: "" },
      writer: { ...context.writer, subresource: "scale" },
    };
    return { status: 200, body: scaleOf(replace(this, wanted, withScale(object, next))) };
  }

  #target(path: string): Target {
    const target = parsePath(path, this.resources);
    if (!target) throw new NoSuchPath(path);
    return target;
  }

  #authorize(user: User, access: Access, resource: Resource): void {
    if (this.access.may(user, access)) return;
    const where = access.namespace ? `in the namespace ${JSON.stringify(access.namespace)}` : "at the cluster scope";
    const why = `User ${JSON.stringify(user.name)} cannot ${access.verb} resource ${JSON.stringify(access.resource)} in API group ${JSON.stringify(access.group)} ${where}`;
    throw forbidden(resource, access.name, why);
  }
}

function isKnown(user: User): boolean {
  return user.groups.includes("system:authenticated");
}

function verbOf(method: string, { name }: Target): string | undefined {
  switch (method) {
    case "GET":
      return name ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return name ? "update" : undefined;
    case "PATCH":
      return name ? "patch" : undefined;
    case "DELETE":
      return name ? "delete" : "deletecollection";
    default:
      return undefined;
  }
}

function methodNotAllowed(): ApiStatus {
  return new ApiStatus(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

function isServed({ resource, subresource }: Target): boolean {
  if (subresource === "status") return resource.status;
  if (subresource === "scale") return resource.scale;
  return subresource === "token" && resource.plural === "serviceaccounts";
}

function contextOf(target: Target, { query, user, userAgent, contentType }: ApiRequest, verb: string): WriteContext {
  const manager = query.get("fieldManager") ?? (userAgent.split("/")[0] || "unknown");
  const operation = verb === "patch" && contentType === "application/apply-patch+yaml" ? "Apply" : "Update";
  const writer = { manager, operation, ...(target.subresource && { subresource: target.subresource }) } as const;
  return {
    target,
    user,
    writer,
    dryRun: query.get("dryRun") === "All",
    strict: query.get("fieldValidation") === "Strict",
  };
}

function deleteOptions({ body, query }: ApiRequest): DeleteOptions {
  const options: DeleteOptions & Fields = { ...fieldsOf(body) };
  const policy = query.get("propagationPolicy");
  if (policy) options.propagationPolicy = policy;
  const grace = query.get("gracePeriodSeconds");
  if (grace) options.gracePeriodSeconds = Number(grace);
  return options;
}

function deletion({ resource, name }: Target, { object, gone }: { object: Stored; gone: boolean }): ApiResponse {
  if (!gone) return { status: 200, body: object };
  const details = {
    name,
    ...(resource.group && { group: resource.group }),
    kind: resource.plural,
    uid: object.metadata.uid,
  };
  return { status: 200, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details } };
}

/** A Status, or the plain text of an address that nobody serves. */
export function refusal(error: unknown): ApiResponse {
  if (error instanceof ApiStatus) return { status: error.code, body: error.body() };
  if (error instanceof NoSuchPath) return { status: 404, body: "404 page not found\n" };
  throw error;
}
