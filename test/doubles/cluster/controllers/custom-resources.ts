import type { Api } from "../api/api.ts";
import { at, fieldsOf, isFields, listOf, type Stored, textAt } from "../api/fields.ts";
import type { Resource } from "../api/resources.ts";
import type { Change } from "../api/store.ts";
import { conditionsWith, type LocalClient } from "./local-client.ts";

/** Serves the kinds that CustomResourceDefinitions describe, as long as they are there; without their schemas. */
export class CustomResources {
  readonly #api: Api;
  readonly #client: LocalClient;

  constructor(client: LocalClient) {
    this.#client = client;
    this.#api = client.api;
  }

  changed({ type, resource, object, old }: Change): void {
    if (resource.plural !== "customresourcedefinitions") return;
    const before = old ? kindsOf(old) : [];
    const kinds = type === "DELETED" ? [] : kindsOf(object);
    for (const kind of before) {
      if (type === "DELETED") this.#forget(kind);
      if (type === "DELETED" || !kinds.some(({ version }) => version === kind.version))
        this.#api.resources.remove(kind);
    }
    for (const kind of kinds) this.#api.resources.add(kind);
    if (type === "ADDED") setImmediate(() => this.#establish(resource, object));
  }

  /** Objects of a kind go with its definition, whatever holds them: nobody could ever let go of them. */
  #forget(kind: Resource): void {
    this.#api.watches.cut(({ resource }) => resource.plural === kind.plural && resource.group === kind.group);
    for (const object of this.#api.store.list(kind)) this.#api.store.remove(kind, object);
  }

  #establish(resource: Resource, { metadata }: Stored): void {
    const definition = this.#api.store.get(resource, "", metadata.name);
    if (!definition) return;
    const conditions = conditionsWith(
      definition,
      { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
      {
        type: "Established",
        status: "True",
        reason: "InitialNamesAccepted",
        message: "the initial names have been accepted",
      },
    );
    const names = at(definition, "spec", "names");
    const storedVersions = kindsOf(definition).map(({ version }) => version);
    this.#client.setStatus(resource, definition, { conditions, acceptedNames: names, storedVersions });
  }
}

function kindsOf(definition: Stored): Resource[] {
  const names = fieldsOf(at(definition, "spec", "names"));
  return listOf(at(definition, "spec", "versions"))
    .filter((version) => at(version, "served") !== false)
    .map((version) => ({
      group: textAt(definition, "spec", "group"),
      version: textAt(version, "name"),
      plural: String(names.plural),
      singular: String(names.singular ?? String(names.kind).toLowerCase()),
      kind: String(names.kind),
      namespaced: textAt(definition, "spec", "scope") === "Namespaced",
      generation: true,
      status: isFields(at(version, "subresources", "status")),
      scale: isFields(at(version, "subresources", "scale")),
      custom: true,
    }));
}

/** A definition with no more than what is needed to serve a kind. */
export function definitionOf(kind: {
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced?: boolean;
  status?: boolean;
}): object {
  const { group, version, plural, namespaced = true, status = false } = kind;
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? "Namespaced" : "Cluster",
      names: { plural, singular: kind.kind.toLowerCase(), kind: kind.kind, listKind: `${kind.kind}List` },
      versions: [{ name: version, served: true, storage: true, schema, subresources: status ? { status: {} } : {} }],
    },
  };
}
