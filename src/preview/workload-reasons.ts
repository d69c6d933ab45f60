import type { KubeObject } from "../model/kubernetes.ts";
import type { PreviewReason } from "../model/preview.ts";
import { SEED_JOB } from "./seed.ts";
import type { PlaceWorld } from "./world.ts";

interface Condition {
  type?: string;
  status?: string;
  reason?: string;
  message?: string;
}

interface Waiting {
  name?: string;
  restartCount?: number;
  state?: { waiting?: { reason?: string; message?: string } };
  lastState?: { terminated?: { exitCode?: number; reason?: string } };
}

/** What keeps the workload of one place from running, from its controllers' conditions, its pods' containers, its claims and its events. */
export function workloadReasons({ place, workload = [] }: PlaceWorld): PreviewReason[] {
  const events = workload.filter(({ kind }) => kind === "Event");
  return workload
    .flatMap((object): Omit<PreviewReason, "cluster">[] => {
      switch (object.kind) {
        case "Deployment":
        case "ReplicaSet":
        case "StatefulSet":
          return controllerReasons(object, events);
        case "Job":
          // Told of by whoever waits for it.
          if (object.metadata.name === SEED_JOB) return [];
          return [...controllerReasons(object, events), ...jobReasons(object)];
        case "Pod":
          return podReasons(object, events);
        case "PersistentVolumeClaim":
          return claimReasons(object, events);
        default:
          return [];
      }
    })
    .map((reason) => ({ ...reason, cluster: place.cluster }));
}

function controllerReasons(object: KubeObject, events: readonly KubeObject[]): Omit<PreviewReason, "cluster">[] {
  const failure = conditionsOf(object).find((one) => one.type === "ReplicaFailure" && one.status === "True");
  if (failure) return [creation(workloadOf(object), failure.message ?? "")];
  // StatefulSets and Jobs tell it by events alone.
  if (object.kind === "StatefulSet" || object.kind === "Job") {
    const { spec, status } = object as { spec?: { replicas?: number }; status?: Record<string, number | undefined> };
    const short =
      object.kind === "Job"
        ? !status?.active && !status?.succeeded && !status?.failed
        : (status?.replicas ?? 0) < (spec?.replicas ?? 1);
    const message = short ? eventOf(object, events, ["FailedCreate"]) : undefined;
    if (message !== undefined) return [creation(workloadOf(object), message)];
  }
  const slow = conditionsOf(object).find(
    (one) => one.type === "Progressing" && one.reason === "ProgressDeadlineExceeded",
  );
  return slow
    ? [{ cause: "workload", message: slow.message ?? "", object: workloadOf(object), awaits: "machines" }]
    : [];
}

function creation(object: string, message: string): Omit<PreviewReason, "cluster"> {
  // `pods "web-5d-x7k2p" is forbidden: exceeded quota: …`: each try has another name, and is the same reason.
  const text = message.replace(
    /^(?:create Pod \S{1,253} in \S{1,100} \S{1,253} failed error: )?pods "[^"]{1,253}" is forbidden: /,
    "",
  );
  if (/exceeded quota|must specify (?:limits|requests)|minimum|maximum .* usage per/i.test(text)) {
    return { cause: "quota", message: text, object, awaits: "people" };
  }
  if (/violates PodSecurity/i.test(text)) return { cause: "pod-security", message: text, object, awaits: "people" };
  return { cause: "admission", message: text, object, awaits: "machines" };
}

function jobReasons(object: KubeObject): Omit<PreviewReason, "cluster">[] {
  const failed = conditionsOf(object).find((one) => one.type === "Failed" && one.status === "True");
  return failed
    ? [{ cause: "workload", message: failed.message ?? "It failed.", object: workloadOf(object), awaits: "people" }]
    : [];
}

function podReasons(pod: KubeObject, events: readonly KubeObject[]): Omit<PreviewReason, "cluster">[] {
  const object = workloadOf(pod);
  const status = (pod.status ?? {}) as { phase?: string; containerStatuses?: unknown; initContainerStatuses?: unknown };
  const containers = [status.initContainerStatuses, status.containerStatuses].flatMap((all) =>
    Array.isArray(all) ? (all as Waiting[]) : [],
  );
  const waiting = containers.flatMap((one) => waitingReason(one, object));
  if (waiting.length > 0) return waiting;
  const unscheduled = conditionsOf(pod).find((one) => one.type === "PodScheduled" && one.status === "False");
  if (unscheduled) {
    const message = unscheduled.message || "No node can take it.";
    return [{ cause: "workload", message, object, awaits: "machines" }];
  }
  if (status.phase !== "Pending") return [];
  const message = eventOf(pod, events, ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"]);
  return message === undefined ? [] : [{ cause: "workload", message, object, awaits: "machines" }];
}

function waitingReason({ name = "", state, lastState, restartCount = 0 }: Waiting, object: string) {
  const { reason = "", message = "" } = state?.waiting ?? {};
  const said = message === "" ? "" : `: ${message}`;
  const found = (
    cause: PreviewReason["cause"],
    text: string,
    awaits: PreviewReason["awaits"],
  ): Omit<PreviewReason, "cluster">[] => [{ cause, message: text, object, awaits }];
  switch (reason) {
    case "":
    case "ContainerCreating":
    case "PodInitializing":
      return [];
    case "ErrImagePull":
      return found("image-pull", `Container ${name}: ErrImagePull${said}`, "machines");
    case "ImagePullBackOff":
    case "InvalidImageName":
    case "ErrImageNeverPull":
      return found("image-pull", `Container ${name}: ${reason}${said}`, "people");
    case "CrashLoopBackOff": {
      const { exitCode, reason: why } = lastState?.terminated ?? {};
      const ended = exitCode === undefined ? "" : ` (exit code ${exitCode}${why ? `, ${why}` : ""})`;
      // What waits for a database to come up crashes once or twice.
      return found("workload", `Container ${name} keeps ending${ended}.`, restartCount >= 3 ? "people" : "machines");
    }
    case "CreateContainerConfigError":
      return found("workload", `Container ${name}: ${reason}${said}`, "people");
    default:
      return found("workload", `Container ${name}: ${reason}${said}`, "machines");
  }
}

function claimReasons(claim: KubeObject, events: readonly KubeObject[]): Omit<PreviewReason, "cluster">[] {
  const { phase } = (claim.status ?? {}) as { phase?: string };
  const message = phase === "Pending" ? eventOf(claim, events, ["ProvisioningFailed", "FailedBinding"]) : undefined;
  return message === undefined ? [] : [{ cause: "workload", message, object: workloadOf(claim), awaits: "machines" }];
}

/** The last thing that was told of an object, of certain reasons. */
function eventOf(object: KubeObject, events: readonly KubeObject[], reasons: readonly string[]): string | undefined {
  const about = events.filter((event) => {
    const involved = event.involvedObject as { uid?: unknown; kind?: unknown; name?: unknown } | undefined;
    return (
      reasons.includes(String(event.reason)) &&
      involved?.kind === object.kind &&
      involved.name === object.metadata.name &&
      (involved.uid === undefined || object.metadata.uid === undefined || involved.uid === object.metadata.uid)
    );
  });
  const when = (event: KubeObject) => Date.parse(String(event.lastTimestamp ?? event.eventTime ?? "")) || 0;
  const last = about.sort((a, b) => when(b) - when(a))[0];
  return last === undefined ? undefined : String(last.message ?? "");
}

/** What people wrote: a ReplicaSet and its pods are named by their Deployment, so that ten pods are one reason. */
function workloadOf({ kind, metadata }: KubeObject): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller) ?? metadata.ownerReferences?.[0];
  if (!owner || !["ReplicaSet", "Deployment", "StatefulSet", "Job", "DaemonSet"].includes(owner.kind)) {
    return `${kind} ${metadata.name}`;
  }
  // `web-5d8f6c7b9`: the name of the Deployment and a hash of its template.
  if (owner.kind === "ReplicaSet") return `Deployment ${owner.name.replace(/-[a-z0-9]{4,12}$/, "")}`;
  return `${owner.kind} ${owner.name}`;
}

function conditionsOf({ status }: KubeObject): Condition[] {
  const { conditions } = (status ?? {}) as { conditions?: unknown };
  return Array.isArray(conditions) ? (conditions as Condition[]) : [];
}
