import { createHash } from "node:crypto";
import { at, fieldsOf, listOf, numberAt, type Stored, same, textAt } from "../api/fields.ts";
import type { Resource } from "../api/resources.ts";
import type { Change } from "../api/store.ts";
import { conditionsWith, type LocalClient, ownedBy } from "./local-client.ts";
import { isReady, type Pods, podFrom } from "./pods.ts";
import { WorkQueue } from "./work-queue.ts";

/** How long a workload rests that could not make its pods. */
const RETRY_MS = 2_000;

/** Deployments, ReplicaSets, StatefulSets and Jobs: they have the pods that they ask for, and say in their status how far that is. */
export class Workloads {
  readonly #client: LocalClient;
  readonly #pods: Pods;
  readonly #queue: WorkQueue;
  readonly #refusals = new Map<string, { why: string; atMs: number }>();
  readonly #kinds: Record<string, (object: Stored, resource: Resource) => void> = {
    deployments: (object) => this.#deployment(object),
    replicasets: (object, resource) => this.#replicaSet(object, resource),
    statefulsets: (object, resource) => this.#statefulSet(object, resource),
    jobs: (object, resource) => this.#job(object, resource),
    ingresses: (object, resource) => this.#ingress(object, resource),
    persistentvolumeclaims: (object, resource) => this.#claim(object, resource),
  };

  constructor(client: LocalClient, pods: Pods) {
    this.#client = client;
    this.#pods = pods;
    this.#queue = new WorkQueue((key) => this.#look(key));
  }

  changed({ resource, object, type }: Change): void {
    const { name, namespace = "", ownerReferences = [] } = object.metadata;
    if (!resource.custom && resource.plural in this.#kinds && type !== "DELETED")
      this.#queue.add(`${resource.plural}/${namespace}/${name}`);
    if (resource.plural !== "pods" && resource.plural !== "replicasets") return;
    for (const owner of ownerReferences)
      if (owner.controller) this.#queue.add(`${owner.kind.toLowerCase()}s/${namespace}/${owner.name}`);
  }

  stop(): void {
    this.#queue.stop();
  }

  #look(key: string): void {
    const [plural = "", namespace = "", name = ""] = key.split("/");
    const work = this.#kinds[plural];
    if (!work) return;
    const resource = this.#client.api.resources.builtIn(plural);
    const object = this.#client.api.store.get(resource, namespace, name);
    if (object && !object.metadata.deletionTimestamp) work(object, resource);
  }

  #later({ plural }: Resource, { metadata }: Stored): void {
    this.#queue.addAfter(`${plural}/${metadata.namespace}/${metadata.name}`, RETRY_MS);
  }

  /** Its pods, or why not: the last refusal holds until it is time to try again. */
  #created(owner: Stored, pod: () => string | undefined): string | undefined {
    const { uid = "" } = owner.metadata;
    const last = this.#refusals.get(uid);
    if (last && Date.now() - last.atMs < RETRY_MS) return last.why;
    const why = pod();
    if (why) this.#refusals.set(uid, { why, atMs: Date.now() });
    else this.#refusals.delete(uid);
    return why;
  }

  #owned(plural: string, { metadata }: Stored): Stored[] {
    const { store } = this.#client.api;
    return store
      .dependents(metadata.uid ?? "")
      .filter(({ resource }) => resource.plural === plural)
      .map(({ object }) => object);
  }

  #deployment(deployment: Stored): void {
    const sets = this.#client.api.resources.builtIn("replicasets");
    const wanted = numberAt(deployment, "spec", "replicas") ?? 1;
    const template = fieldsOf(at(deployment, "spec", "template"));
    const hash = createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
    const owned = this.#owned("replicasets", deployment);
    const current = owned.find(({ metadata }) => metadata.labels?.["pod-template-hash"] === hash);
    if (!current) {
      const labels = { ...fieldsOf(at(template, "metadata", "labels")), "pod-template-hash": hash };
      const { name, namespace = "" } = deployment.metadata;
      this.#client.create(sets, {
        metadata: { name: `${name}-${hash}`, namespace, labels, ownerReferences: [ownedBy(deployment)] },
        spec: {
          replicas: wanted,
          selector: {
            matchLabels: { ...fieldsOf(at(deployment, "spec", "selector", "matchLabels")), "pod-template-hash": hash },
          },
          template: { ...template, metadata: { ...fieldsOf(template.metadata), labels } },
        },
      });
      return;
    }
    if (numberAt(current, "spec", "replicas") !== wanted)
      this.#client.patch(sets, current, { spec: { replicas: wanted } });
    const ready = numberAt(current, "status", "readyReplicas") ?? 0;
    const older = owned.filter((set) => set !== current);
    // What ran before runs until what comes after it does.
    if (ready >= wanted)
      for (const set of older)
        if (numberAt(set, "spec", "replicas") !== 0) this.#client.patch(sets, set, { spec: { replicas: 0 } });
    this.#deploymentStatus(deployment, current, older, wanted);
  }

  #deploymentStatus(deployment: Stored, current: Stored, older: Stored[], wanted: number): void {
    const count = (field: string, sets: Stored[]) =>
      sets.reduce((sum, set) => sum + (numberAt(set, "status", field) ?? 0), 0);
    const all = [current, ...older];
    const available = count("availableReplicas", all);
    const updated = count("replicas", [current]);
    const done = count("availableReplicas", [current]) >= wanted && count("replicas", all) === wanted;
    const failure = listOf(at(current, "status", "conditions")).find(
      (condition) => textAt(condition, "type") === "ReplicaFailure",
    );
    const conditions = conditionsWith(
      deployment,
      available >= wanted
        ? {
            type: "Available",
            status: "True",
            reason: "MinimumReplicasAvailable",
            message: "Deployment has minimum availability.",
          }
        : {
            type: "Available",
            status: "False",
            reason: "MinimumReplicasUnavailable",
            message: "Deployment does not have minimum availability.",
          },
      {
        type: "Progressing",
        status: "True",
        reason: done ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
        message: `ReplicaSet "${current.metadata.name}" ${done ? "has successfully progressed." : "is progressing."}`,
      },
    ).filter((condition) => textAt(condition, "type") !== "ReplicaFailure");
    this.#client.setStatus(this.#client.api.resources.builtIn("deployments"), deployment, {
      observedGeneration: deployment.metadata.generation,
      replicas: count("replicas", all),
      updatedReplicas: updated,
      readyReplicas: count("readyReplicas", all),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, wanted - available),
      conditions: failure ? [...conditions, failure] : conditions,
    });
  }

  #replicaSet(set: Stored, resource: Resource): void {
    const wanted = numberAt(set, "spec", "replicas") ?? 1;
    const pods = this.#owned("pods", set).filter(({ metadata }) => !metadata.deletionTimestamp);
    for (const pod of pods.slice(wanted)) this.#pods.remove(pod);
    let refused: string | undefined;
    for (let missing = wanted - pods.length; missing > 0 && !refused; missing--)
      refused = this.#created(set, () => this.#pods.create(podFrom(set, { generateName: `${set.metadata.name}-` })));
    this.#countedStatus(resource, set, refused);
  }

  #statefulSet(set: Stored, resource: Resource): void {
    const wanted = numberAt(set, "spec", "replicas") ?? 1;
    const pods = this.#owned("pods", set);
    const numberOf = ({ metadata }: Stored) => Number(metadata.name.slice(set.metadata.name.length + 1));
    for (const pod of pods) if (numberOf(pod) >= wanted && !pod.metadata.deletionTimestamp) this.#pods.remove(pod);
    let refused: string | undefined;
    for (let number = 0; number < wanted && !refused; number++) {
      const pod = pods.find((one) => numberOf(one) === number);
      if (pod && !isReady(pod)) break;
      if (pod) continue;
      const name = `${set.metadata.name}-${number}`;
      this.#claims(set, name);
      refused = this.#created(set, () => this.#pods.create(podFrom(set, { name })));
      // One after the other: each waits for the one before it.
      break;
    }
    this.#countedStatus(resource, set, refused);
  }

  #claims(set: Stored, podName: string): void {
    const claims = this.#client.api.resources.builtIn("persistentvolumeclaims");
    const { namespace = "" } = set.metadata;
    for (const template of listOf(at(set, "spec", "volumeClaimTemplates"))) {
      const name = `${textAt(template, "metadata", "name")}-${podName}`;
      const labels = fieldsOf(at(set, "spec", "selector", "matchLabels"));
      if (!this.#client.api.store.get(claims, namespace, name))
        this.#client.create(claims, { metadata: { name, namespace, labels }, spec: fieldsOf(at(template, "spec")) });
    }
  }

  #countedStatus(resource: Resource, set: Stored, refused: string | undefined): void {
    const pods = this.#owned("pods", set).filter(({ metadata }) => !metadata.deletionTimestamp);
    const ready = pods.filter(isReady).length;
    const others = listOf(at(set, "status", "conditions")).filter((one) => textAt(one, "type") !== "ReplicaFailure");
    const failed = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: refused ?? "" };
    const conditions = refused ? conditionsWith(set, failed) : others;
    if (refused) {
      this.#pods.event(set, "FailedCreate", `Error creating: ${refused}`);
      this.#later(resource, set);
    }
    this.#client.setStatus(resource, set, {
      observedGeneration: set.metadata.generation,
      replicas: pods.length,
      readyReplicas: ready,
      availableReplicas: ready,
      ...(resource.plural === "statefulsets" && { currentReplicas: pods.length, updatedReplicas: pods.length }),
      ...(conditions.length > 0 && { conditions }),
    });
  }

  #job(job: Stored, resource: Resource): void {
    const conditions = listOf(at(job, "status", "conditions"));
    const finished = conditions.some(
      (one) => ["Complete", "Failed"].includes(textAt(one, "type")) && textAt(one, "status") === "True",
    );
    if (finished || at(job, "spec", "suspend") === true) return;
    const pods = this.#owned("pods", job);
    const [wanted, most] = [numberAt(job, "spec", "completions") ?? 1, numberAt(job, "spec", "backoffLimit") ?? 6];
    const inPhase = (phase: string) => pods.filter((pod) => textAt(pod, "status", "phase") === phase).length;
    const [succeeded, failed] = [inPhase("Succeeded"), inPhase("Failed")];
    const active = pods.length - succeeded - failed;
    const startTime = textAt(job, "status", "startTime") || job.metadata.creationTimestamp;
    const status = { startTime, active, succeeded, failed, ready: active };
    if (succeeded >= wanted) {
      const completed = conditionsWith(
        job,
        {
          type: "SuccessCriteriaMet",
          status: "True",
          reason: "CompletionsReached",
          message: "Reached expected number of succeeded pods",
        },
        {
          type: "Complete",
          status: "True",
          reason: "CompletionsReached",
          message: "Reached expected number of succeeded pods",
        },
      );
      const completionTime = `${new Date().toISOString().slice(0, 19)}Z`;
      this.#client.setStatus(resource, job, { ...status, completionTime, conditions: completed });
    } else if (failed > most) {
      const message = "Job has reached the specified backoff limit";
      const gone = conditionsWith(job, { type: "Failed", status: "True", reason: "BackoffLimitExceeded", message });
      this.#client.setStatus(resource, job, { ...status, conditions: gone });
    } else {
      if (active === 0) {
        const refused = this.#created(job, () =>
          this.#pods.create(podFrom(job, { generateName: `${job.metadata.name}-` }, { "job-name": job.metadata.name })),
        );
        if (refused) {
          this.#pods.event(job, "FailedCreate", `Error creating: ${refused}`);
          this.#later(resource, job);
        }
      }
      this.#client.setStatus(resource, job, { ...status, active: Math.max(active, 1) });
    }
  }

  /** An ingress controller took it. */
  #ingress(ingress: Stored, resource: Resource): void {
    this.#client.setStatus(resource, ingress, { loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } });
  }

  #claim(claim: Stored, resource: Resource): void {
    if (textAt(claim, "status", "phase") === "Bound") return;
    const capacity = fieldsOf(at(claim, "spec", "resources", "requests"));
    const status = { phase: "Bound", accessModes: at(claim, "spec", "accessModes"), capacity };
    if (!same(claim.status, status)) this.#client.setStatus(resource, claim, status);
  }
}
