import type { AccessControl, User } from "./access.ts";
import { copy, type Fields, fieldsOf, isFields, type Stored, same, timestamp } from "./fields.ts";
import { afterUpdate, applyTo, type Writer } from "./ownership.ts";
import type { Admission, DeleteOptions } from "./request.ts";
import type { Target } from "./request-path.ts";
import { apiVersionOf, type Resource, type Resources } from "./resources.ts";
import { fitting } from "./schemas.ts";
import { alreadyExists, badRequest, conflict, invalid, MODIFIED, notFound } from "./status.ts";
import type { Store } from "./store.ts";
import { validate, withDefaults } from "./validation.ts";

/** What all parts of the API server work on. */
export interface ApiState {
  store: Store;
  resources: Resources;
  access: AccessControl;
  /** Each may refuse a write, or change an object that is created. */
  admission: ((request: Admission) => void)[];
}

export interface WriteContext {
  target: Target;
  user: User;
  writer: Writer;
  dryRun: boolean;
  /** `fieldValidation=Strict` */
  strict: boolean;
}

const SERVER_SET = [
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "generation",
  "deletionTimestamp",
  "managedFields",
] as const;

/** POST: a name of one's own, or one that is made from `generateName`. */
export function create(state: ApiState, context: WriteContext, body: unknown): Stored {
  const { target } = context;
  const sent = incoming(context, body);
  const name = sent.metadata.name || (sent.metadata.generateName ? sent.metadata.generateName + randomSuffix() : "");
  if (!name) {
    const words = "name or generateName is required";
    throw invalid(target.resource, "", [
      { reason: "FieldValueRequired", message: `Required value: ${words}`, field: "metadata.name" },
    ]);
  }
  if (state.store.get(target.resource, target.namespace, name)) throw alreadyExists(target.resource, name);
  const { status, ...rest }: Stored = { ...sent, metadata: { ...sent.metadata, name } };
  // Status has a writer of its own where it has an address of its own.
  const object = target.resource.status || status === undefined ? (rest as Stored) : { ...rest, status };
  return insert(state, context, object, undefined);
}

function insert(
  state: ApiState,
  context: WriteContext,
  object: Stored,
  managed: Stored["metadata"]["managedFields"],
): Stored {
  const { target } = context;
  const clean: Stored = { ...object, metadata: { ...object.metadata } };
  for (const field of SERVER_SET) delete clean.metadata[field];
  if (!target.resource.namespaced) delete clean.metadata.namespace;
  const full = copy(withDefaults(target.resource, clean));
  admit(state, { operation: "CREATE", target, user: context.user, object: full, old: undefined });
  validate(target.resource, full, undefined);
  const managedFields = managed ?? afterUpdate(undefined, full, context.writer, target.resource.custom);
  const complete: Stored = { ...full, metadata: { ...full.metadata, ...(managedFields && { managedFields }) } };
  return context.dryRun ? complete : state.store.create(target.resource, complete);
}

/** PUT, and what a patch makes of an object: the whole of it, but for the half (status or the rest) that the address is not about. */
export function replace(state: ApiState, context: WriteContext, body: unknown): Stored {
  const { target } = context;
  const old = existing(state, target);
  const sent = incoming(context, body);
  if (sent.metadata.name !== target.name)
    throw badRequest(
      `the name of the object (${sent.metadata.name}) does not match the name on the URL (${target.name})`,
    );
  return store(state, context, old, { ...sent, metadata: { ...sent.metadata } }, undefined);
}

export function existing(state: ApiState, { resource, namespace, name }: Target): Stored {
  const found = state.store.get(resource, namespace, name);
  if (!found) throw notFound(resource, name);
  return found;
}

/** Server-side apply: makes the object where there is none. */
export function apply(state: ApiState, context: WriteContext, body: unknown, force: boolean): Stored {
  const { target } = context;
  const sent = incoming(context, body);
  if (sent.metadata.managedFields?.length) throw badRequest("metadata.managedFields must be nil");
  const applied: Stored = target.subresource
    ? { apiVersion: sent.apiVersion, kind: sent.kind, metadata: sent.metadata, status: sent.status }
    : withoutStatus(target.resource, sent);
  applied.metadata = { ...applied.metadata, name: target.name };
  const old = state.store.get(target.resource, target.namespace, target.name);
  const merged = applyTo(old, applied, context.writer, { force, custom: target.resource.custom });
  if (old) return store(state, context, old, merged, merged.metadata.managedFields);
  if (target.subresource) throw notFound(target.resource, target.name);
  if (sent.metadata.uid || sent.metadata.resourceVersion) throw conflict(target.resource, target.name, MODIFIED);
  return insert(state, context, merged, merged.metadata.managedFields);
}

function withoutStatus(resource: Resource, { status, ...rest }: Stored): Stored {
  return resource.status || status === undefined ? (rest as Stored) : ({ ...rest, status } as Stored);
}

function store(
  state: ApiState,
  context: WriteContext,
  old: Stored,
  sent: Stored,
  managed: Stored["metadata"]["managedFields"],
): Stored {
  const { target, writer, user } = context;
  const { resource, subresource } = target;
  const { uid, resourceVersion } = sent.metadata;
  if (uid && uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(resource, target.name, why);
  }
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion)
    throw conflict(resource, target.name, MODIFIED);
  const next =
    subresource === "status" ? { ...old, status: sent.status } : withMetaOf(old, keepStatus(resource, old, sent));
  const managedFields =
    managed ??
    afterUpdate(
      old,
      { ...next, metadata: { ...next.metadata, managedFields: sent.metadata.managedFields } as Stored["metadata"] },
      writer,
      resource.custom,
    );
  const changed: Stored = { ...next, metadata: { ...next.metadata } };
  if (managedFields) changed.metadata.managedFields = managedFields;
  else delete changed.metadata.managedFields;
  if (isAnotherWish(resource, old, changed)) changed.metadata.generation = (old.metadata.generation ?? 0) + 1;
  admit(state, { operation: "UPDATE", target, user, object: changed, old });
  validate(resource, changed, old);
  if (withoutTimes(changed, old)) return old;
  if (context.dryRun) return changed;
  const { deletionTimestamp, finalizers = [] } = changed.metadata;
  if (deletionTimestamp && finalizers.length === 0 && !holdsContent(resource, changed)) {
    state.store.update(resource, old, changed);
    return state.store.remove(resource, changed);
  }
  return state.store.update(resource, old, changed);
}

/** A write that changes nothing is none: no new version, nothing for watches. */
function withoutTimes(next: Stored, old: Stored): boolean {
  const bare = (object: Stored) => ({
    ...object,
    metadata: {
      ...object.metadata,
      managedFields: object.metadata.managedFields?.map((entry) => ({ ...entry, time: "" })),
    },
  });
  return same(JSON.parse(JSON.stringify(bare(next))), JSON.parse(JSON.stringify(bare(old))));
}

function keepStatus(resource: Resource, old: Stored, sent: Stored): Stored {
  if (!resource.status) return sent;
  const { status: _, ...rest } = sent;
  return (old.status === undefined ? rest : { ...rest, status: old.status }) as Stored;
}

/** Metadata that no writer changes. */
function withMetaOf(old: Stored, sent: Stored): Stored {
  const { uid, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds, namespace, name } =
    old.metadata;
  const metadata: Stored["metadata"] = { ...sent.metadata, name };
  if (namespace) metadata.namespace = namespace;
  for (const field of [
    "uid",
    "resourceVersion",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
  ] as const)
    delete metadata[field];
  Object.assign(metadata, {
    uid,
    creationTimestamp,
    ...(old.metadata.resourceVersion && { resourceVersion: old.metadata.resourceVersion }),
    ...(generation !== undefined && { generation }),
    ...(deletionTimestamp && { deletionTimestamp }),
    ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
  });
  return { ...sent, metadata };
}

/** https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#metadata */
function isAnotherWish({ generation, custom, status }: Resource, old: Stored, next: Stored): boolean {
  if (!generation && !custom) return false;
  const wish = ({ metadata: _, status: itsStatus, ...rest }: Stored) =>
    status ? rest : { ...rest, status: itsStatus };
  return !same(JSON.parse(JSON.stringify(wish(old))), JSON.parse(JSON.stringify(wish(next))));
}

/** A namespace stays while its own finalizer is there: that of its contents. */
export function holdsContent(resource: Resource, object: Stored): boolean {
  if (resource.plural !== "namespaces" || resource.group) return false;
  const finalizers = fieldsOf(object.spec).finalizers;
  return Array.isArray(finalizers) && finalizers.length > 0;
}

const PROPAGATION = ["Foreground", "Background", "Orphan"];

/** DELETE: at once, or a mark and the finalizers that hold it. The object as it was left, and whether it is gone. */
export function remove(
  state: ApiState,
  context: WriteContext,
  options: DeleteOptions,
): { object: Stored; gone: boolean } {
  const { target, user } = context;
  const old = existing(state, target);
  const { preconditions, propagationPolicy, orphanDependents } = options;
  if (preconditions?.uid && preconditions.uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(target.resource, target.name, why);
  }
  if (preconditions?.resourceVersion && preconditions.resourceVersion !== old.metadata.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${preconditions.resourceVersion}, ResourceVersion in object meta: ${old.metadata.resourceVersion}`;
    throw conflict(target.resource, target.name, why);
  }
  if (propagationPolicy && !PROPAGATION.includes(propagationPolicy))
    throw badRequest(`invalid propagationPolicy ${propagationPolicy}`);
  admit(state, { operation: "DELETE", target, user, object: undefined, old });
  if (context.dryRun) return { object: old, gone: false };
  const policy = propagationPolicy ?? (orphanDependents === true ? "Orphan" : "Background");
  const finalizers = (old.metadata.finalizers ?? []).filter((name) => !["orphan", "foregroundDeletion"].includes(name));
  if (policy === "Foreground") finalizers.push("foregroundDeletion");
  if (policy === "Orphan") finalizers.push("orphan");
  const graceSeconds = graceOf(target.resource, old, options);
  if (finalizers.length === 0 && graceSeconds === 0 && !holdsContent(target.resource, old))
    return { object: state.store.remove(target.resource, old), gone: true };
  const marked: Stored = { ...old, metadata: { ...old.metadata } };
  marked.metadata.deletionTimestamp = old.metadata.deletionTimestamp ?? timestamp(Date.now() + graceSeconds * 1000);
  marked.metadata.deletionGracePeriodSeconds = graceSeconds;
  if (finalizers.length > 0) marked.metadata.finalizers = finalizers;
  else delete marked.metadata.finalizers;
  if (holdsContent(target.resource, old)) marked.status = { ...fieldsOf(old.status), phase: "Terminating" };
  else if (isCounted(target.resource) && !old.metadata.deletionTimestamp)
    marked.metadata.generation = (old.metadata.generation ?? 0) + 1;
  if (same(marked, old)) return { object: old, gone: false };
  return { object: state.store.update(target.resource, old, marked), gone: false };
}

function isCounted({ generation, custom }: Resource): boolean {
  return generation || custom;
}

/** A pod that was given to a node is the kubelet's to end. */
function graceOf(resource: Resource, object: Stored, { gracePeriodSeconds }: DeleteOptions): number {
  if (resource.plural !== "pods" || !fieldsOf(object.spec).nodeName) return 0;
  const own = fieldsOf(object.spec).terminationGracePeriodSeconds;
  return gracePeriodSeconds ?? (typeof own === "number" ? own : 30);
}

function admit(state: ApiState, request: Admission): void {
  for (const plugin of state.admission) plugin(request);
}

/** A body as an object of the address's kind; 400 where it is of another. */
function incoming({ target: { resource, namespace }, writer, strict }: WriteContext, body: unknown): Stored {
  if (!isFields(body)) throw badRequest("the object provided is unrecognized (must be of type map)");
  const apiVersion = body.apiVersion ?? apiVersionOf(resource);
  const kind = body.kind ?? resource.kind;
  if (apiVersion !== apiVersionOf(resource) || kind !== resource.kind)
    throw badRequest(
      `${String(kind)} in version ${JSON.stringify(apiVersion)} cannot be handled as a ${resource.kind}: the kind or API version of the object does not match the address`,
    );
  const metadata = copy(fieldsOf(body.metadata)) as Fields & Stored["metadata"];
  if (resource.namespaced && metadata.namespace && metadata.namespace !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  if (resource.namespaced) metadata.namespace = namespace;
  else if (metadata.namespace) delete metadata.namespace;
  const object = { ...copy(body), apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
  return fitting(resource, object, { applied: writer.operation === "Apply", strict });
}

function randomSuffix(): string {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  return Array.from({ length: 5 }, () => letters[Math.floor(Math.random() * letters.length)]).join("");
}
