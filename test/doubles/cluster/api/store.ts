import { randomUUID } from "node:crypto";
import { type Stored, timestamp } from "./fields.ts";
import { groupResource, type Resource } from "./resources.ts";
import { expired } from "./status.ts";

export interface Change {
  type: "ADDED" | "MODIFIED" | "DELETED";
  resource: Resource;
  object: Stored;
  /** As it was before. */
  old: Stored | undefined;
  version: number;
}

const REMEMBERED_CHANGES = 20_000;

/** All objects, in memory; every write gets the next resource version and is told to all who listen, in order. */
export class Store {
  /** By kind, namespace ("" where there is none) and name. */
  readonly #objects = new Map<string, Map<string, Map<string, Stored>>>();
  readonly #byOwner = new Map<string, Set<string>>();
  readonly #byUid = new Map<string, { resource: Resource; object: Stored }>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  /** Changes up to this one are forgotten. */
  #forgotten = 0;
  #version = 0;

  get version(): string {
    return String(this.#version);
  }

  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes after a resource version; 410 where they are forgotten. */
  since(version: number): Change[] {
    if (version < this.#forgotten) throw expired(`too old resource version: ${version} (${this.#forgotten})`);
    return this.#history.filter((change) => change.version > version);
  }

  forget(): void {
    this.#version++;
    this.#forgotten = this.#version;
    this.#history = [];
  }

  get(resource: Resource, namespace: string, name: string): Stored | undefined {
    return this.#objects.get(groupResource(resource))?.get(namespace)?.get(name);
  }

  byUid(uid: string): { resource: Resource; object: Stored } | undefined {
    return this.#byUid.get(uid);
  }

  /** In the order of their keys, as etcd lists them. */
  list(resource: Resource, namespace?: string): Stored[] {
    const spaces = this.#objects.get(groupResource(resource));
    if (!spaces) return [];
    if (namespace !== undefined) return sorted(spaces.get(namespace)).map(([, object]) => object);
    return sorted(spaces).flatMap(([, names]) => sorted(names).map(([, object]) => object));
  }

  dependents(uid: string): { resource: Resource; object: Stored }[] {
    return [...(this.#byOwner.get(uid) ?? [])].flatMap((dependent) => this.#byUid.get(dependent) ?? []);
  }

  create(resource: Resource, object: Stored): Stored {
    const { metadata } = object;
    return this.#write(resource, undefined, {
      ...object,
      metadata: {
        ...metadata,
        uid: randomUUID(),
        creationTimestamp: timestamp(),
        ...(resource.generation || resource.custom ? { generation: 1 } : {}),
      },
    });
  }

  update(resource: Resource, old: Stored, object: Stored): Stored {
    return this.#write(resource, old, object);
  }

  remove(resource: Resource, old: Stored): Stored {
    const { namespace = "", name, uid = "" } = old.metadata;
    this.#objects.get(groupResource(resource))?.get(namespace)?.delete(name);
    this.#byUid.delete(uid);
    this.#disown(old);
    // What it owned stays known until it goes itself: the garbage collector asks for it.
    const object = this.#next(old);
    this.#tell({ type: "DELETED", resource, object, old, version: this.#version });
    return object;
  }

  #write(resource: Resource, old: Stored | undefined, written: Stored): Stored {
    const object = this.#next(written);
    const { namespace = "", name, uid = "" } = object.metadata;
    const kind = groupResource(resource);
    const spaces = this.#objects.get(kind) ?? new Map<string, Map<string, Stored>>();
    this.#objects.set(kind, spaces);
    const names = spaces.get(namespace) ?? new Map<string, Stored>();
    spaces.set(namespace, names);
    names.set(name, object);
    this.#byUid.set(uid, { resource, object });
    if (old) this.#disown(old);
    for (const { uid: owner } of object.metadata.ownerReferences ?? []) {
      const dependents = this.#byOwner.get(owner) ?? new Set();
      this.#byOwner.set(owner, dependents.add(uid));
    }
    this.#tell({ type: old ? "MODIFIED" : "ADDED", resource, object, old, version: this.#version });
    return object;
  }

  #disown({ metadata: { uid = "", ownerReferences = [] } }: Stored): void {
    for (const { uid: owner } of ownerReferences) {
      const dependents = this.#byOwner.get(owner);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#byOwner.delete(owner);
    }
  }

  #next(object: Stored): Stored {
    this.#version++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: this.version } };
  }

  #tell(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > 2 * REMEMBERED_CHANGES) {
      this.#history = this.#history.slice(-REMEMBERED_CHANGES);
      this.#forgotten = (this.#history[0]?.version ?? 1) - 1;
    }
    for (const listener of this.#listeners) listener(change);
  }
}

function sorted<Value>(map: Map<string, Value> | undefined): [string, Value][] {
  return [...(map ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
}
