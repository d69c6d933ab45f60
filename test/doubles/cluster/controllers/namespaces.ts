import type { Api } from "../api/api.ts";
import { fieldsOf, type Stored, same } from "../api/fields.ts";
import type { Admission } from "../api/request.ts";
import { forbidden, notFound } from "../api/status.ts";
import type { Change } from "../api/store.ts";
import { conditionsWith, type LocalClient } from "./local-client.ts";
import { WorkQueue } from "./work-queue.ts";

/** Nothing is made in a namespace that is not there, or that is on its way out. */
export function namespaceAdmission(api: Api): (request: Admission) => void {
  return ({ operation, target: { resource, namespace }, object }) => {
    if (operation !== "CREATE" || !resource.namespaced) return;
    const namespaces = api.resources.builtIn("namespaces");
    const found = api.store.get(namespaces, "", namespace);
    if (!found) throw notFound(namespaces, namespace);
    if (!found.metadata.deletionTimestamp) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const message = `namespace ${namespace} is being terminated`;
    throw forbidden(resource, object?.metadata.name ?? "", why, [
      { reason: "NamespaceTerminating", message, field: "metadata.namespace" },
    ]);
  };
}

/** Gives every namespace what is in all of them, and empties those that are to go: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/ */
export class NamespaceController {
  readonly #client: LocalClient;
  readonly #queue: WorkQueue;

  constructor(client: LocalClient) {
    this.#client = client;
    this.#queue = new WorkQueue((name) => this.#look(name));
  }

  changed({ type, resource, object }: Change): void {
    if (resource.plural === "namespaces" && resource.group === "" && type !== "DELETED")
      this.#queue.add(object.metadata.name);
    const { namespace } = object.metadata;
    if (!namespace) return;
    if (resource.plural === "serviceaccounts" && type === "DELETED") this.#queue.add(namespace);
    else if (this.#namespace(namespace)?.metadata.deletionTimestamp) this.#queue.add(namespace);
  }

  stop(): void {
    this.#queue.stop();
  }

  #namespace(name: string): Stored | undefined {
    const { resources, store } = this.#client.api;
    return store.get(resources.builtIn("namespaces"), "", name);
  }

  #look(name: string): void {
    const namespace = this.#namespace(name);
    if (!namespace) return;
    if (namespace.metadata.deletionTimestamp) this.#empty(namespace);
    else this.#furnish(name);
  }

  #furnish(namespace: string): void {
    const { resources, store } = this.#client.api;
    const accounts = resources.builtIn("serviceaccounts");
    const configs = resources.builtIn("configmaps");
    if (!store.get(accounts, namespace, "default"))
      this.#client.create(accounts, { metadata: { name: "default", namespace } });
    if (!store.get(configs, namespace, "kube-root-ca.crt"))
      this.#client.create(configs, { metadata: { name: "kube-root-ca.crt", namespace }, data: { "ca.crt": "" } });
  }

  #empty(namespace: Stored): void {
    const { resources, store } = this.#client.api;
    const { name } = namespace.metadata;
    const kinds = resources.all().filter(({ namespaced }) => namespaced);
    for (const resource of kinds)
      for (const object of store.list(resource, name))
        if (!object.metadata.deletionTimestamp)
          this.#client.delete(resource, object, { propagationPolicy: "Background" });
    const rest = kinds
      .map((resource) => ({ resource, left: store.list(resource, name) }))
      .filter(({ left }) => left.length > 0);
    if (rest.length > 0) {
      this.#report(namespace, rest);
      return;
    }
    const current = this.#namespace(name);
    if (!current) return;
    const spec = { ...fieldsOf(current.spec), finalizers: [] };
    const namespaces = resources.builtIn("namespaces");
    if ((current.metadata.finalizers ?? []).length > 0) {
      this.#report(current, []);
      const told = this.#namespace(name);
      if (told && !same(told.spec, spec)) store.update(namespaces, told, { ...told, spec });
    } else store.remove(namespaces, { ...current, spec });
  }

  #report(namespace: Stored, rest: { resource: { plural: string; group: string }; left: Stored[] }[]): void {
    const remaining = rest.map(
      ({ resource, left }) => `${resource.plural}.${resource.group} has ${left.length} resource instances`,
    );
    const held = Map.groupBy(
      rest.flatMap(({ left }) => left.flatMap(({ metadata }) => metadata.finalizers ?? [])),
      (finalizer) => finalizer,
    );
    const finalizers = [...held].map(([finalizer, { length }]) => `${finalizer} in ${length} resource instances`);
    const conditions = conditionsWith(
      namespace,
      settled("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
      settled(
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
      ),
      settled(
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
      ),
      remaining.length > 0
        ? open(
            "NamespaceContentRemaining",
            "SomeResourcesRemain",
            `Some resources are remaining: ${remaining.sort().join(", ")}`,
          )
        : settled("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
      finalizers.length > 0
        ? open(
            "NamespaceFinalizersRemaining",
            "SomeFinalizersRemain",
            `Some content in the namespace has finalizers remaining: ${finalizers.sort().join(", ")}`,
          )
        : settled(
            "NamespaceFinalizersRemaining",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
          ),
    );
    this.#client.setStatus(this.#client.api.resources.builtIn("namespaces"), namespace, {
      phase: "Terminating",
      conditions,
    });
  }
}

function settled(type: string, reason: string, message: string) {
  return { type, status: "False", reason, message };
}

function open(type: string, reason: string, message: string) {
  return { type, status: "True", reason, message };
}
