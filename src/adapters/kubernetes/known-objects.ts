import type { KubeObject } from "../../model/kubernetes.ts";

/** What a watch knows, by namespace and name, and by the value of one label where there is one: a thousand previews look for their own objects. */
export class KnownObjects {
  readonly #label: string | undefined;
  readonly #all = new Map<string, KubeObject>();
  readonly #groups = new Map<string, Map<string, KubeObject>>();

  constructor(label: string | undefined, objects: readonly KubeObject[] = []) {
    this.#label = label;
    for (const object of objects) this.set(object);
  }

  /** The one of that namespace and name. */
  like(object: KubeObject): KubeObject | undefined {
    return this.#all.get(keyOf(object));
  }

  set(object: KubeObject): void {
    // Its label may be another by now.
    this.delete(object);
    const key = keyOf(object);
    this.#all.set(key, object);
    const group = this.#groupOf(object);
    if (group === undefined) return;
    const members = this.#groups.get(group) ?? new Map<string, KubeObject>();
    this.#groups.set(group, members.set(key, object));
  }

  delete(object: KubeObject): void {
    const key = keyOf(object);
    const known = this.#all.get(key);
    const group = known && this.#groupOf(known);
    this.#all.delete(key);
    if (group === undefined) return;
    const members = this.#groups.get(group);
    members?.delete(key);
    if (members?.size === 0) this.#groups.delete(group);
  }

  /** All, or those whose label has that value. */
  list(group?: string): KubeObject[] {
    const of = group === undefined ? this.#all : this.#groups.get(group);
    return [...(of?.values() ?? [])];
  }

  #groupOf({ metadata }: KubeObject): string | undefined {
    return this.#label === undefined ? undefined : metadata.labels?.[this.#label];
  }
}

function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return `${namespace ?? ""}/${name}`;
}
