import { nanosOf } from "../config/quantity.ts";
import { type KubeObject, nameOf } from "../model/kubernetes.ts";

/*
 * What people are shown of a preview's namespace. Of each object only what stands here is ever passed on: no specification, no environment, no
 * content of anything.
 */

/** One thing that runs, or is to run. */
export interface SeenObject {
  kind: string;
  name: string;
  /** `2 of 3 ready`, `Running`, `Bound`: in words. */
  state: string;
  /** Whether it is as it should be; absent where that cannot be said of it. */
  ready?: boolean;
  /** ms since the epoch. */
  createdAtMs?: number;
}

export interface SeenEvent {
  /** `Pod web-5d-x7k2p`. */
  object: string;
  reason: string;
  message: string;
  warning: boolean;
  count: number;
  atMs: number;
}

/** One line of the quota. */
export interface SeenUse {
  resource: string;
  used: string;
  hard: string;
  /** Of `hard`, from 0 to 1; absent where either cannot be read, or nothing is allowed. */
  share?: number;
}

export interface NamespaceSight {
  objects: SeenObject[];
  /** Newest first. */
  events: SeenEvent[];
  use: SeenUse[];
  /** What there is beyond {@link OBJECTS_MAX} and {@link EVENTS_MAX}. */
  left: { objects: number; events: number };
}

/** What the cluster shows now, or why that cannot be said. */
export type PlaceSight = { kind: "seen"; sight: NamespaceSight } | { kind: "unread"; why: string };

const OBJECTS_MAX = 100;
const EVENTS_MAX = 50;
const USE_MAX = 30;
/** What can be a whole page is no message that somebody reads. */
const MESSAGE_MAX = 500;

/** @param found everything of the kinds that are shown, as the API server gave it. */
export function sightOf(found: readonly KubeObject[]): NamespaceSight {
  const events = found
    .filter(({ kind }) => kind === "Event")
    .map(eventOf)
    .sort((a, b) => b.atMs - a.atMs);
  const objects = found.flatMap((one) => objectOf(one) ?? []);
  objects.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
  return {
    objects: objects.slice(0, OBJECTS_MAX),
    events: events.slice(0, EVENTS_MAX),
    use: found
      .filter(({ kind }) => kind === "ResourceQuota")
      .flatMap(useOf)
      .slice(0, USE_MAX),
    left: {
      objects: Math.max(0, objects.length - OBJECTS_MAX),
      events: Math.max(0, events.length - EVENTS_MAX),
    },
  };
}

/** What people look for first comes first. */
const ORDER = ["Deployment", "StatefulSet", "Pod", "Job", "CronJob", "Ingress", "PersistentVolumeClaim"];

function objectOf(object: KubeObject): SeenObject | undefined {
  const { kind, metadata } = object;
  if (!ORDER.includes(kind)) return undefined;
  const createdAtMs = msOf(metadata.creationTimestamp);
  return {
    kind,
    name: metadata.name,
    ...(metadata.deletionTimestamp === undefined ? stateOf(object) : { state: "Being removed" }),
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
  };
}

interface Fields {
  spec?: { replicas?: number; completions?: number; suspend?: boolean; rules?: { host?: string }[] };
  status?: {
    phase?: string;
    reason?: string;
    readyReplicas?: number;
    succeeded?: number;
    failed?: number;
    active?: number | unknown[];
    conditions?: { type?: string; status?: string; reason?: string }[];
    containerStatuses?: { ready?: boolean; restartCount?: number; state?: { waiting?: { reason?: string } } }[];
  };
}

function stateOf(object: KubeObject): Pick<SeenObject, "state" | "ready"> {
  const { spec = {}, status = {} } = object as Fields;
  switch (object.kind) {
    case "Deployment":
    case "StatefulSet": {
      const [ready, wanted] = [numberOf(status.readyReplicas) ?? 0, numberOf(spec.replicas) ?? 1];
      return wanted === 0 ? { state: "At rest" } : { state: `${ready} of ${wanted} ready`, ready: ready >= wanted };
    }
    case "Pod":
      return podState(status);
    case "Job": {
      const [succeeded, wanted] = [numberOf(status.succeeded) ?? 0, numberOf(spec.completions) ?? 1];
      if (listOf(status.conditions).some((one) => one?.type === "Failed" && one.status === "True"))
        return { state: "Failed", ready: false };
      return succeeded >= wanted ? { state: "Done", ready: true } : { state: "Running" };
    }
    case "CronJob":
      return { state: spec.suspend === true ? "At rest" : "Waiting for its time" };
    case "PersistentVolumeClaim":
      return { state: textOf(status.phase) ?? "Pending", ready: status.phase === "Bound" };
    case "Ingress": {
      const hosts = listOf(spec.rules).flatMap((rule) => textOf(rule?.host) ?? []);
      return { state: hosts.length === 0 ? "For no host" : `For ${hosts.slice(0, 5).join(", ")}` };
    }
    default:
      return { state: "There" };
  }
}

function podState({
  phase,
  reason,
  containerStatuses,
}: NonNullable<Fields["status"]>): Pick<SeenObject, "state" | "ready"> {
  const containers = listOf(containerStatuses);
  const restarts = containers.reduce((sum, one) => sum + (numberOf(one?.restartCount) ?? 0), 0);
  const waiting = containers.flatMap((one) => textOf(one?.state?.waiting?.reason) ?? [])[0];
  const state = waiting ?? textOf(reason) ?? textOf(phase) ?? "Unknown";
  return {
    state: restarts === 0 ? state : `${state}, ${restarts} ${restarts === 1 ? "restart" : "restarts"}`,
    ready: phase === "Succeeded" || (phase === "Running" && containers.every((one) => one?.ready === true)),
  };
}

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ — what is missing is not made up. */
function eventOf(event: KubeObject): SeenEvent {
  const { involvedObject, reason, message, type, count, series, lastTimestamp, eventTime, metadata } =
    event as KubeObject & {
      involvedObject?: { kind?: unknown; name?: unknown };
      series?: { count?: unknown; lastObservedTime?: unknown };
    };
  const at = [series?.lastObservedTime, lastTimestamp, eventTime, metadata.creationTimestamp];
  return {
    object: nameOf({
      kind: textOf(involvedObject?.kind) ?? "",
      metadata: { name: textOf(involvedObject?.name) ?? "" },
    }).trim(),
    reason: textOf(reason) ?? "",
    message: (textOf(message) ?? "").slice(0, MESSAGE_MAX),
    warning: type === "Warning",
    count: numberOf(series?.count) ?? numberOf(count) ?? 1,
    atMs: at.map(msOf).find((one) => one !== undefined) ?? 0,
  };
}

/** https://kubernetes.io/docs/concepts/policy/resource-quotas/#viewing-and-setting-quotas — the fullest first. */
function useOf(quota: KubeObject): SeenUse[] {
  const { hard = {}, used = {} } = (quota.status ?? {}) as {
    hard?: Record<string, unknown>;
    used?: Record<string, unknown>;
  };
  return Object.entries(hard)
    .map(([resource, limit]): SeenUse => {
      const [most, now] = [String(limit), String(used[resource] ?? "0")];
      const [limitNanos, usedNanos] = [nanosOf(most), nanosOf(now)];
      const share =
        limitNanos && usedNanos !== undefined ? Number((usedNanos * 1_000n) / limitNanos) / 1_000 : undefined;
      return { resource, used: now, hard: most, ...(share === undefined ? {} : { share: Math.min(1, share) }) };
    })
    .sort((a, b) => (b.share ?? 0) - (a.share ?? 0) || (a.resource < b.resource ? -1 : 1));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function listOf<T>(value: T[] | undefined): (T | undefined)[] {
  return Array.isArray(value) ? value : [];
}

function msOf(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) ? ms : undefined;
}
