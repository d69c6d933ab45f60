import { at, listOf, numberAt, type Stored, textAt } from "../api/fields.ts";

export type Health = "Healthy" | "Suspended" | "Progressing" | "Missing" | "Degraded" | "Unknown";

/** Kinds that Argo CD can tell the health of; others count for nothing, also where they are missing. */
const CHECKED = new Set([
  "Deployment",
  "StatefulSet",
  "ReplicaSet",
  "Pod",
  "Job",
  "PersistentVolumeClaim",
  "Ingress",
  "Service",
]);

/** Of an object that is not there. */
export function missingHealth(kind: string): { status: Health } | undefined {
  return CHECKED.has(kind) ? { status: "Missing" } : undefined;
}

/** From the best to the worst: an Application is as well as the worst of its objects. */
const ORDER: Health[] = ["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"];

/** Nothing at all is healthy: that is why health alone says nothing. */
export function worst(all: Health[]): Health {
  return ORDER[Math.max(0, ...all.map((health) => ORDER.indexOf(health)))] ?? "Unknown";
}

/** https://argo-cd.readthedocs.io/en/stable/operator-manual/health/; undefined of kinds whose health nobody knows. */
export function healthOf(object: Stored): { status: Health; message?: string } | undefined {
  const { deletionTimestamp } = object.metadata;
  if (deletionTimestamp) return { status: "Progressing", message: "Pending deletion" };
  switch (object.kind) {
    case "Deployment":
    case "StatefulSet":
    case "ReplicaSet":
      return workload(object);
    case "Pod":
      return pod(object);
    case "Job":
      if (hasCondition(object, "Failed")) return { status: "Degraded", message: "Job has failed" };
      return { status: hasCondition(object, "Complete") ? "Healthy" : "Progressing" };
    case "PersistentVolumeClaim":
      return { status: textAt(object, "status", "phase") === "Bound" ? "Healthy" : "Progressing" };
    case "Ingress":
      return { status: listOf(at(object, "status", "loadBalancer", "ingress")).length > 0 ? "Healthy" : "Progressing" };
    case "Service": {
      const waits = textAt(object, "spec", "type") === "LoadBalancer";
      return { status: waits ? "Progressing" : "Healthy" };
    }
    default:
      return undefined;
  }
}

function hasCondition(object: Stored, type: string): boolean {
  return listOf(at(object, "status", "conditions")).some(
    (condition) => textAt(condition, "type") === type && textAt(condition, "status") === "True",
  );
}

function workload(object: Stored): { status: Health; message?: string } {
  const exceeded = listOf(at(object, "status", "conditions")).some(
    (condition) => textAt(condition, "reason") === "ProgressDeadlineExceeded",
  );
  if (exceeded)
    return {
      status: "Degraded",
      message: `${object.kind} ${JSON.stringify(object.metadata.name)} exceeded its progress deadline`,
    };
  const wanted = numberAt(object, "spec", "replicas") ?? 1;
  const observed = numberAt(object, "status", "observedGeneration") ?? 0;
  if (observed < (object.metadata.generation ?? 0))
    return {
      status: "Progressing",
      message: `Waiting for rollout to finish: observed ${object.kind.toLowerCase()} generation less than desired generation`,
    };
  const [ready, total] = [
    numberAt(object, "status", "readyReplicas") ?? 0,
    numberAt(object, "status", "replicas") ?? 0,
  ];
  if (object.kind === "ReplicaSet" && hasCondition(object, "ReplicaFailure")) return { status: "Degraded" };
  if (ready >= wanted && total <= wanted) return { status: "Healthy" };
  return {
    status: "Progressing",
    message: `Waiting for rollout to finish: ${ready} of ${wanted} updated replicas are available...`,
  };
}

function pod(object: Stored): { status: Health; message?: string } {
  for (const container of listOf(at(object, "status", "containerStatuses"))) {
    const reason = textAt(container, "state", "waiting", "reason");
    if (/Error|BackOff|Invalid/.test(reason))
      return { status: "Degraded", message: textAt(container, "state", "waiting", "message") };
  }
  switch (textAt(object, "status", "phase")) {
    case "Running":
    case "Succeeded":
      return { status: "Healthy" };
    case "Failed":
      return { status: "Degraded" };
    default:
      return { status: "Progressing" };
  }
}
