import { at, isFields, type Stored, same, textAt } from "../api/fields.ts";
import type { Resource } from "../api/resources.ts";
import { withDefaults } from "../api/validation.ts";
import type { Destination } from "./destinations.ts";
import { type Health, healthOf, missingHealth } from "./health.ts";
import type { Manifest } from "./manifests.ts";

export const TRACKING = "argocd.argoproj.io/tracking-id";

/** An object that an Application wants or has. */
export interface Tracked {
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  /** Absent where the source no longer wants it. */
  target?: Manifest;
  /** Absent where the cluster does not know the kind. */
  resource?: Resource;
  live?: Stored;
  sync: "Synced" | "OutOfSync" | "Unknown";
  health: { status: Health; message?: string } | undefined;
  hook: string;
  wave: number;
  /** Another Application that has it already. */
  sharedWith?: string;
}

export function trackingId(
  application: string,
  { group, kind, namespace, name }: Pick<Tracked, "group" | "kind" | "namespace" | "name">,
): string {
  return `${application}:${group}/${kind}:${namespace}/${name}`;
}

/** What an Application wants, beside what stands there, and what it has that it no longer wants. */
export function compare(
  application: string,
  manifests: Manifest[],
  destination: Destination,
  namespace: string,
): Tracked[] {
  const { resources, store } = destination.api;
  const wanted = manifests.map((manifest) => tracked(application, manifest, destination, namespace));
  const known = new Set(wanted.map(keyOf));
  const extra = resources
    .all()
    .filter(({ namespaced }) => namespaced)
    .flatMap((resource) => store.list(resource, namespace).map((live) => ({ resource, live })))
    .filter(({ live }) => live.metadata.annotations?.[TRACKING]?.startsWith(`${application}:`))
    .map(({ resource, live }): Tracked => {
      const { group, version, kind } = resource;
      const place = { group, version, kind, namespace, name: live.metadata.name };
      return {
        ...place,
        resource,
        live,
        sync: "OutOfSync",
        health: healthOf(live),
        hook: hookOf(live),
        wave: waveOf(live),
      };
    })
    // A copy that a controller made carries the annotation too, but names another object.
    .filter(
      (one) =>
        !known.has(keyOf(one)) &&
        !one.hook &&
        one.live?.metadata.annotations?.[TRACKING] === trackingId(application, one),
    );
  return [...wanted, ...extra];
}

function keyOf({ group, kind, namespace, name }: Tracked): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

function tracked(application: string, manifest: Manifest, { api }: Destination, fallback: string): Tracked {
  const { apiVersion, kind } = manifest;
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/") as [string, string]) : ["", apiVersion];
  const resource = api.resources.ofKind(apiVersion, kind);
  const namespace = resource?.namespaced === false ? "" : textAt(manifest, "metadata", "namespace") || fallback;
  const name = textAt(manifest, "metadata", "name");
  const live = resource && api.store.get(resource, namespace, name);
  const place = { group, version, kind, namespace, name };
  const hook = hookOf(manifest);
  const [owner = ""] = (live?.metadata.annotations?.[TRACKING] ?? "").split(":");
  const isSame = live && resource && contains(live, withDefaults(resource, { ...manifest } as unknown as Stored));
  const mine = live?.metadata.annotations?.[TRACKING] === trackingId(application, place);
  return {
    ...place,
    target: manifest,
    ...(resource && { resource }),
    ...(live && { live }),
    ...(owner && owner !== application ? { sharedWith: owner } : {}),
    sync: isSame && (mine || hook) ? "Synced" : "OutOfSync",
    health: live ? healthOf(live) : missingHealth(kind),
    hook,
    wave: waveOf(manifest),
  };
}

/** Whether all that is wanted is so; what is not mentioned does not matter. */
function contains(live: unknown, wanted: unknown): boolean {
  if (wanted === undefined || wanted === null) return true;
  if (Array.isArray(wanted))
    return (
      Array.isArray(live) && live.length === wanted.length && wanted.every((item, index) => contains(live[index], item))
    );
  if (!isFields(wanted)) return same(live, wanted);
  return Object.entries(wanted).every(
    ([name, value]) =>
      ["status", "stringData", "creationTimestamp"].includes(name) ||
      contains(at(live, name) ?? (isEmpty(value) ? value : undefined), value),
  );
}

function isEmpty(value: unknown): boolean {
  return (isFields(value) && Object.keys(value).length === 0) || (Array.isArray(value) && value.length === 0);
}

function hookOf(object: unknown): string {
  return textAt(object, "metadata", "annotations", "argocd.argoproj.io/hook");
}

function waveOf(object: unknown): number {
  return Number(textAt(object, "metadata", "annotations", "argocd.argoproj.io/sync-wave")) || 0;
}

export function syncOptionsOf(object: unknown): string[] {
  return textAt(object, "metadata", "annotations", "argocd.argoproj.io/sync-options")
    .split(",")
    .map((one) => one.trim());
}

/** As `status.resources` shows them. */
export function resourceStatus({ group, version, kind, namespace, name, sync, target, hook }: Tracked): object {
  return {
    ...(group && { group }),
    version,
    kind,
    ...(namespace && { namespace }),
    name,
    ...(hook ? { hook: true } : { status: sync }),
    ...(target ? {} : { requiresPruning: true }),
  };
}

export const isHook = ({ hook }: Tracked): boolean => hook !== "";
