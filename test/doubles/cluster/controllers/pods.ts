import { at, type Fields, fieldsOf, listOf, type Stored, textAt, timestamp } from "../api/fields.ts";
import type { Change } from "../api/store.ts";
import { type LocalClient, ownedBy, pathOf, refusalOf } from "./local-client.ts";
import { WorkQueue } from "./work-queue.ts";

/** Images of which a test says what becomes of their containers; all others run. */
export interface Images {
  /** No registry has them. */
  missing: Set<string>;
  /** Their containers end with an error. */
  failing: Set<string>;
}

/** A pod as a workload's template describes it. */
export function podFrom(owner: Stored, name: { name: string } | { generateName: string }, labels: Fields = {}): Fields {
  const template = fieldsOf(at(owner, "spec", "template"));
  const metadata = fieldsOf(template.metadata);
  return {
    ...template,
    metadata: {
      ...metadata,
      ...name,
      namespace: owner.metadata.namespace,
      labels: { ...fieldsOf(metadata.labels), ...labels },
      ownerReferences: [ownedBy(owner)],
    },
  };
}

export function isReady(pod: Stored): boolean {
  return listOf(at(pod, "status", "conditions")).some(
    (condition) => textAt(condition, "type") === "Ready" && textAt(condition, "status") === "True",
  );
}

/** Scheduler and kubelet in one, without containers: pods run at once, those of Jobs succeed at once, and deleted ones end at once. */
export class Pods {
  readonly images: Images = { missing: new Set(), failing: new Set() };
  readonly #client: LocalClient;
  readonly #queue: WorkQueue;

  constructor(client: LocalClient) {
    this.#client = client;
    this.#queue = new WorkQueue((uid) => this.#look(uid));
  }

  changed({ resource, object, type }: Change): void {
    if (resource.plural === "pods" && !resource.custom && type !== "DELETED")
      this.#queue.add(object.metadata.uid ?? "");
  }

  /** Looks at all pods again, because images came or went. */
  lookAgain(): void {
    for (const { metadata } of this.#client.api.store.list(this.#kind)) this.#queue.add(metadata.uid ?? "");
  }

  stop(): void {
    this.#queue.stop();
  }

  get #kind() {
    return this.#client.api.resources.builtIn("pods");
  }

  /** Undefined: created. Else why not. */
  create(pod: Fields): string | undefined {
    const whole = { apiVersion: "v1", kind: "Pod", ...pod };
    return refusalOf(this.#client.call("POST", pathOf(this.#kind, textAt(pod, "metadata", "namespace")), whole));
  }

  remove(pod: Stored): void {
    this.#client.delete(this.#kind, pod);
  }

  /** Tells of something once: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
  event(about: Stored, reason: string, message: string, type = "Warning"): void {
    const { api } = this.#client;
    const { name, namespace = "default", uid = "" } = about.metadata;
    const events = api.resources.builtIn("events");
    const eventName = `${name}.${reason.toLowerCase()}.${uid.slice(0, 8)}`;
    if (api.store.get(events, namespace, eventName)) return;
    this.#client.create(events, {
      metadata: { name: eventName, namespace },
      involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name, namespace, uid },
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: timestamp(),
      lastTimestamp: timestamp(),
      source: { component: "simulated" },
    });
  }

  #look(uid: string): void {
    const pod = this.#client.api.store.byUid(uid)?.object;
    if (pod?.kind !== "Pod") return;
    if (pod.metadata.deletionTimestamp) {
      const finalizers = pod.metadata.finalizers ?? [];
      if (finalizers.length === 0 || pod.metadata.deletionGracePeriodSeconds !== 0)
        this.#client.delete(this.#kind, pod, { gracePeriodSeconds: 0 });
      return;
    }
    if (["Succeeded", "Failed"].includes(textAt(pod, "status", "phase"))) return;
    if (!textAt(pod, "spec", "nodeName")) this.#client.patch(this.#kind, pod, { spec: { nodeName: "simulated" } });
    const current = this.#client.api.store.byUid(uid)?.object ?? pod;
    // What others said in the status stays.
    this.#client.setStatus(this.#kind, pod, { ...fieldsOf(current.status), ...this.#statusOf(current) });
  }

  #statusOf(pod: Stored): Fields {
    const containers = listOf(at(pod, "spec", "containers"));
    const images = containers.map((container) => textAt(container, "image"));
    const missing = images.some((image) => this.images.missing.has(image));
    const failing = images.some((image) => this.images.failing.has(image));
    const ofJob = (pod.metadata.ownerReferences ?? []).some(({ kind }) => kind === "Job");
    const startTime = textAt(pod, "status", "startTime") || timestamp();
    const ends = !missing && (ofJob || failing);
    const phase = missing ? "Pending" : !ends ? "Running" : failing ? "Failed" : "Succeeded";
    if (missing)
      this.event(
        pod,
        "Failed",
        `Failed to pull image ${JSON.stringify(images.find((image) => this.images.missing.has(image)))}: not found`,
      );
    const ready = !missing && !ends;
    const condition = (type: string, holds: boolean) => ({
      type,
      status: holds ? "True" : "False",
      lastTransitionTime: startTime,
      ...(holds
        ? {}
        : { reason: ends ? "PodCompleted" : "ContainersNotReady", message: "containers with unready status" }),
    });
    return {
      phase,
      startTime,
      podIP: missing ? undefined : "10.0.0.1",
      conditions: [
        condition("PodScheduled", true),
        condition("Initialized", true),
        condition("ContainersReady", ready),
        condition("Ready", ready),
      ],
      containerStatuses: containers.map((container) => this.#containerStatus(container, startTime, ends, failing)),
    };
  }

  #containerStatus(container: unknown, startedAt: string, ends: boolean, fails: boolean): Fields {
    const [name, image] = [textAt(container, "name"), textAt(container, "image")];
    const missing = this.images.missing.has(image);
    const message = `Back-off pulling image ${JSON.stringify(image)}: ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image ${JSON.stringify(image)}: not found`;
    const state = missing
      ? { waiting: { reason: "ImagePullBackOff", message } }
      : ends
        ? {
            terminated: {
              exitCode: fails ? 1 : 0,
              reason: fails ? "Error" : "Completed",
              startedAt,
              finishedAt: startedAt,
            },
          }
        : { running: { startedAt } };
    const runs = !missing && !ends;
    return { name, image, imageID: missing ? "" : image, ready: runs, started: runs, restartCount: 0, state };
  }
}
