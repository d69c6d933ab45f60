import { textAt } from "../api/fields.ts";
import type { Change } from "../api/store.ts";
import { type LocalClient, pathOf } from "../controllers/local-client.ts";
import { WorkQueue } from "../controllers/work-queue.ts";

const FINALIZER = "resources-finalizer.argocd.argoproj.io";

/** Lets go of AppProjects that are deleted, once no Application names them any more. */
export class Projects {
  readonly #client: LocalClient;
  readonly #namespace: string;
  readonly #queue: WorkQueue;

  constructor(client: LocalClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#queue = new WorkQueue((name) => this.#look(name));
  }

  changed({ type, resource, object }: Change): void {
    if (resource.group !== "argoproj.io" || object.metadata.namespace !== this.#namespace) return;
    if (resource.plural === "appprojects" && type !== "DELETED") this.#queue.add(object.metadata.name);
    if (resource.plural === "applications" && type === "DELETED")
      this.#queue.add(textAt(object, "spec", "project") || "default");
  }

  stop(): void {
    this.#queue.stop();
  }

  #look(name: string): void {
    const { resources, store } = this.#client.api;
    const kind = resources.at("argoproj.io/v1alpha1", "appprojects");
    const project = kind && store.get(kind, this.#namespace, name);
    const { deletionTimestamp, finalizers = [] } = project?.metadata ?? {};
    if (!kind || !project || !deletionTimestamp || !finalizers.includes(FINALIZER)) return;
    const applications = resources.at("argoproj.io/v1alpha1", "applications");
    const used = applications ? store.list(applications, this.#namespace) : [];
    if (used.some((one) => (textAt(one, "spec", "project") || "default") === name)) return;
    const kept = finalizers.filter((one) => one !== FINALIZER);
    this.#client.call("PUT", pathOf(kind, this.#namespace, name), {
      ...project,
      metadata: { ...project.metadata, finalizers: kept },
    });
  }
}
