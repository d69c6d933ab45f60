import { listOf, type Stored } from "../api/fields.ts";
import type { Resource } from "../api/resources.ts";
import type { Change } from "../api/store.ts";
import type { LocalClient } from "./local-client.ts";
import { WorkQueue } from "./work-queue.ts";

type Found = { resource: Resource; object: Stored };

/** https://kubernetes.io/docs/concepts/architecture/garbage-collection/: what nobody owns any more goes, and owners wait for what they own where they are asked to. */
export class GarbageCollector {
  readonly #client: LocalClient;
  readonly #queue: WorkQueue;

  constructor(client: LocalClient) {
    this.#client = client;
    this.#queue = new WorkQueue((uid) => this.#look(uid));
  }

  changed({ type, object, old }: Change): void {
    const { uid = "", ownerReferences = [], deletionTimestamp, finalizers = [] } = object.metadata;
    if (type === "DELETED")
      for (const dependent of this.#client.api.store.dependents(uid))
        this.#queue.add(dependent.object.metadata.uid ?? "");
    if (ownerReferences.length > 0) this.#queue.add(uid);
    for (const owner of [...ownerReferences, ...(old?.metadata.ownerReferences ?? [])]) this.#queue.add(owner.uid);
    if (deletionTimestamp && finalizers.some(isOfCollector)) this.#queue.add(uid);
  }

  stop(): void {
    this.#queue.stop();
  }

  #look(uid: string): void {
    const { store } = this.#client.api;
    const found = store.byUid(uid);
    if (!found) {
      // Their owner went a moment ago, or never was.
      for (const dependent of store.dependents(uid)) this.#collect(dependent);
      return;
    }
    const { deletionTimestamp, finalizers = [] } = found.object.metadata;
    if (!deletionTimestamp) this.#collect(found);
    else if (finalizers.includes("foregroundDeletion")) this.#waitForDependents(found);
    else if (finalizers.includes("orphan")) this.#orphan(found);
  }

  #collect({ resource, object }: Found): void {
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length === 0 || object.metadata.deletionTimestamp) return;
    const there = owners.map((owner) => ({ owner, found: this.#owner(object, owner.uid) }));
    const solid = there.filter(({ found }) => found && !isWaiting(found.object));
    const waiting = there.filter(({ found }) => found && isWaiting(found.object));
    if (solid.length > 0) {
      if (solid.length < owners.length)
        this.#client.patch(resource, object, { metadata: { ownerReferences: solid.map(({ owner }) => owner) } });
      return;
    }
    const { store } = this.#client.api;
    const foreground = waiting.length > 0 && store.dependents(object.metadata.uid ?? "").length > 0;
    this.#client.delete(resource, object, { propagationPolicy: foreground ? "Foreground" : "Background" });
  }

  /** An owner is in the same namespace, or in none. */
  #owner(object: Stored, uid: string): Found | undefined {
    const found = this.#client.api.store.byUid(uid);
    const namespace = found?.object.metadata.namespace;
    return namespace === undefined || namespace === object.metadata.namespace ? found : undefined;
  }

  #waitForDependents({ resource, object }: Found): void {
    const dependents = this.#client.api.store.dependents(object.metadata.uid ?? "");
    const blocking = dependents.filter((dependent) => blocks(dependent.object, object.metadata.uid ?? ""));
    if (blocking.length === 0) this.#release(resource, object, "foregroundDeletion");
    else for (const dependent of dependents) this.#collect(dependent);
  }

  #orphan({ resource, object }: Found): void {
    for (const dependent of this.#client.api.store.dependents(object.metadata.uid ?? "")) {
      const others = (dependent.object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== object.metadata.uid);
      this.#client.patch(dependent.resource, dependent.object, { metadata: { ownerReferences: others } });
    }
    this.#release(resource, object, "orphan");
  }

  #release(resource: Resource, object: Stored, finalizer: string): void {
    const rest = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
    this.#client.patch(resource, object, { metadata: { finalizers: rest } });
  }
}

function isOfCollector(finalizer: string): boolean {
  return finalizer === "foregroundDeletion" || finalizer === "orphan";
}

function isWaiting({ metadata: { deletionTimestamp, finalizers = [] } }: Stored): boolean {
  return deletionTimestamp !== undefined && finalizers.includes("foregroundDeletion");
}

function blocks(dependent: Stored, owner: string): boolean {
  return listOf(dependent.metadata.ownerReferences).some((reference) => {
    const { uid, blockOwnerDeletion } = reference as { uid?: string; blockOwnerDeletion?: boolean };
    return uid === owner && blockOwnerDeletion === true;
  });
}
