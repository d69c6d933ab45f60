import type { Api } from "../api/api.ts";
import { at, type Fields, fieldsOf, listOf, type Stored, textAt } from "../api/fields.ts";
import type { Admission } from "../api/request.ts";
import { groupResource, type Resource } from "../api/resources.ts";
import { forbidden } from "../api/status.ts";
import type { Change } from "../api/store.ts";
import type { LocalClient } from "../controllers/local-client.ts";
import { WorkQueue } from "../controllers/work-queue.ts";

/** How much of what an object uses; amounts as numbers. */
type Use = Map<string, number>;

const SUFFIXES: Record<string, number> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

function amountOf(quantity: unknown): number {
  const [, number, suffix = ""] = /^([\d.]+(?:e\d+)?)([a-zA-Z]*)$/.exec(String(quantity)) ?? [];
  return Number(number ?? Number.NaN) * (SUFFIXES[suffix] ?? Number.NaN);
}

/** https://kubernetes.io/docs/concepts/policy/resource-quotas/: object counts, cpu and memory of pods, storage; without scopes and without LimitRange minima. */
export function quotaAdmission(api: Api): (request: Admission) => void {
  return ({ operation, target: { resource, namespace, subresource }, object }) => {
    if (operation !== "CREATE" || subresource || !namespace || !object) return;
    if (resource.plural === "pods" && !resource.custom) withLimitDefaults(api, namespace, object);
    const asked = useOf(resource, object);
    for (const quota of api.store.list(api.resources.builtIn("resourcequotas"), namespace)) {
      const hard = fieldsOf(at(quota, "spec", "hard"));
      const missing =
        resource.plural === "pods" ? Object.keys(hard).filter((name) => COMPUTE.test(name) && !asked.has(name)) : [];
      if (missing.length > 0) {
        const why = `failed quota: ${quota.metadata.name}: must specify ${missing.map((name) => `${name} for: ${namesIn(object)}`).join("; ")}`;
        throw forbidden(resource, object.metadata.name, why);
      }
      const used = usedIn(api, namespace);
      const over = Object.keys(hard).filter(
        (name) => asked.has(name) && (used.get(name) ?? 0) + (asked.get(name) ?? 0) > amountOf(hard[name]) + 1e-9,
      );
      if (over.length === 0) continue;
      const list = (of: (name: string) => unknown) => over.map((name) => `${name}=${String(of(name))}`).join(",");
      const why = `exceeded quota: ${quota.metadata.name}, requested: ${list((name) => shown(name, asked.get(name)))}, used: ${list((name) => shown(name, used.get(name)))}, limited: ${list((name) => hard[name])}`;
      throw forbidden(resource, object.metadata.name, why);
    }
  };
}

const COMPUTE = /^(?:requests\.|limits\.)?(?:cpu|memory)$/;

function namesIn(pod: Stored): string {
  return listOf(at(pod, "spec", "containers"))
    .map((container) => textAt(container, "name"))
    .join(",");
}

function shown(name: string, amount = 0): string {
  if (/memory|storage/.test(name))
    return amount % 2 ** 20 === 0 && amount > 0 ? `${amount / 2 ** 20}Mi` : String(amount);
  return Number.isInteger(amount) ? String(amount) : `${Math.round(amount * 1000)}m`;
}

function useOf(resource: Resource, object: Stored): Use {
  const use: Use = new Map([[`count/${groupResource(resource)}`, 1]]);
  if (resource.custom) return use;
  if (!resource.group) use.set(resource.plural, 1);
  if (resource.plural === "services") {
    const type = textAt(object, "spec", "type");
    if (type === "LoadBalancer") use.set("services.loadbalancers", 1);
    if (type === "LoadBalancer" || type === "NodePort")
      use.set("services.nodeports", listOf(at(object, "spec", "ports")).length);
  }
  if (resource.plural === "persistentvolumeclaims")
    use.set("requests.storage", amountOf(at(object, "spec", "resources", "requests", "storage") ?? 0));
  if (resource.plural === "pods") for (const [name, amount] of computeOf(object)) use.set(name, amount);
  return use;
}

function computeOf(pod: Stored): Use {
  const use: Use = new Map();
  const containers = listOf(at(pod, "spec", "containers"));
  for (const half of ["requests", "limits"])
    for (const what of ["cpu", "memory", "ephemeral-storage"]) {
      const amounts = containers.map(
        (container) =>
          at(container, "resources", half, what) ??
          (half === "requests" ? at(container, "resources", "limits", what) : undefined),
      );
      if (amounts.length === 0 || amounts.includes(undefined)) continue;
      const sum = amounts.reduce<number>((total, amount) => total + amountOf(amount), 0);
      use.set(`${half}.${what}`, sum);
      if (half === "requests") use.set(what, sum);
    }
  return use;
}

function usedIn(api: Api, namespace: string): Use {
  const used: Use = new Map();
  for (const resource of api.resources.all())
    for (const object of resource.namespaced ? api.store.list(resource, namespace) : []) {
      if (resource.plural === "pods" && ["Succeeded", "Failed"].includes(textAt(object, "status", "phase"))) continue;
      for (const [name, amount] of useOf(resource, object)) used.set(name, (used.get(name) ?? 0) + amount);
    }
  return used;
}

/** https://kubernetes.io/docs/concepts/policy/limit-range/: what containers get that ask for nothing. */
function withLimitDefaults(api: Api, namespace: string, pod: Stored): void {
  const limits = api.store
    .list(api.resources.builtIn("limitranges"), namespace)
    .flatMap((range) => listOf(at(range, "spec", "limits")));
  for (const limit of limits.filter((one) => textAt(one, "type") === "Container"))
    for (const field of ["containers", "initContainers"])
      for (const container of listOf(at(pod, "spec", field)).map(fieldsOf)) {
        const own = fieldsOf(container.resources);
        const most = { ...fieldsOf(at(limit, "default")), ...fieldsOf(own.limits) };
        const least = {
          ...most,
          ...fieldsOf(at(limit, "defaultRequest")),
          ...fieldsOf(own.limits),
          ...fieldsOf(own.requests),
        };
        container.resources = { ...own, limits: most, requests: least };
      }
}

/** Keeps the status of quotas. */
export class QuotaController {
  readonly #client: LocalClient;
  readonly #queue: WorkQueue;

  constructor(client: LocalClient) {
    this.#client = client;
    this.#queue = new WorkQueue((namespace) => this.#look(namespace));
  }

  changed({ object, resource, type, old }: Change): void {
    const { namespace } = object.metadata;
    const counts =
      type !== "MODIFIED" ||
      resource.plural === "resourcequotas" ||
      textAt(old, "status", "phase") !== textAt(object, "status", "phase");
    if (namespace && counts && this.#quotas(namespace).length > 0) this.#queue.add(namespace);
  }

  stop(): void {
    this.#queue.stop();
  }

  #quotas(namespace: string): Stored[] {
    const { resources, store } = this.#client.api;
    return store.list(resources.builtIn("resourcequotas"), namespace);
  }

  #look(namespace: string): void {
    const used = usedIn(this.#client.api, namespace);
    for (const quota of this.#quotas(namespace)) {
      const hard = fieldsOf(at(quota, "spec", "hard"));
      const mine: Fields = Object.fromEntries(Object.keys(hard).map((name) => [name, shown(name, used.get(name))]));
      this.#client.setStatus(this.#client.api.resources.builtIn("resourcequotas"), quota, { hard, used: mine });
    }
  }
}
