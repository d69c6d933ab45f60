import { KINDS, type KubeObject, nameOf, type ObjectKind, type ObjectRef } from "../../model/kubernetes.ts";
import { ownerOf, PREVIEW_LABELS, type PreviewOwner, type PreviewPlace } from "../../model/preview.ts";
import { ClusterError } from "../../ports/cluster.ts";
import type { PlaceWorld, PreviewWorld } from "../../preview/preview.ts";
import type { PreviewGrounds } from "./deps.ts";
import { OWN_KINDS } from "./watches.ts";

export interface WhatToSee {
  owner: PreviewOwner;
  slug: string;
  places: readonly PreviewPlace[];
  /** Names of Applications that are to be made. Argo CD would take over one that somebody else has made. */
  applications?: readonly string[];
  /** Read everything from the API servers themselves: for what is only true if it is true now. */
  fresh: boolean;
  nowMs: number;
}

/** Argo CD lets an AppProject go at once, or not before it is started again. */
const PROJECT_MS = 5_000;

/** Reads what the clusters show of one preview. A cluster that cannot be read is told, not thrown. */
export async function observeWorld(grounds: PreviewGrounds, what: WhatToSee): Promise<PreviewWorld> {
  const unreadable: PreviewWorld["unreadable"] = [];
  const foreign: PreviewWorld["foreign"] = [];
  const reader = reads(grounds, what, foreign);
  const attempt = async <T>(cluster: string, read: () => Promise<T>): Promise<T | undefined> => {
    // The operator's word alone makes silence of a cluster mean that nothing is there.
    if (grounds.inventory.retired.includes(cluster)) return undefined;
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (!unreadable.some((one) => one.cluster === cluster)) unreadable.push({ cluster, why: error.message });
      return undefined;
    }
  };
  const argocd = what.places[0]?.argocd ?? grounds.inventory.argocd;
  const hub = async () => {
    const at = { cluster: argocd.cluster, namespace: argocd.namespace };
    const [sets, projects, applications] = await Promise.all([
      reader.named(at, KINDS.applicationSet),
      reader.named(at, KINDS.appProject),
      reader.ours(at, KINDS.application),
    ]);
    const missing = (what.applications ?? []).filter((name) => !applications.some((one) => one.metadata.name === name));
    await Promise.all(missing.map((name) => reader.tell(at, KINDS.application, name)));
    const leavingMs = what.nowMs - Date.parse(projects?.metadata.deletionTimestamp ?? "");
    return {
      applicationSet: sets,
      project: projects,
      applications,
      // While one of the preview's own is there, that is who uses it.
      ...(leavingMs >= PROJECT_MS && applications.length === 0 ? { usesProject: await reader.usesProject(at) } : {}),
    };
  };
  const [seen, places] = await Promise.all([
    attempt(argocd.cluster, hub),
    Promise.all(
      what.places.map(async (place): Promise<PlaceWorld> => {
        const found = await attempt(place.cluster, async () => {
          const namespace = await reader.named({ cluster: place.cluster }, KINDS.namespace);
          const at = { cluster: place.cluster, namespace: place.namespace };
          const ours = namespace ? await Promise.all(OWN_KINDS.map((kind) => reader.ours(at, kind))) : [];
          return { namespace, ours: ours.flat() };
        });
        return { place, namespace: found?.namespace, ours: found?.ours ?? [] };
      }),
    ),
  ]);
  return {
    unreadable,
    foreign,
    applicationSet: seen?.applicationSet,
    project: seen?.project,
    applications: seen?.applications ?? [],
    ...(seen?.usesProject ? { usesProject: seen.usesProject } : {}),
    places,
  };
}

interface At {
  cluster: string;
  namespace?: string;
}

function reads({ clusters, watches }: PreviewGrounds, what: WhatToSee, foreign: PreviewWorld["foreign"]) {
  const isOurs = (object: KubeObject): boolean => {
    const owner = ownerOf(object.metadata.labels);
    return (
      owner !== undefined &&
      owner.slug === what.slug &&
      (["appId", "installationId", "repositoryId", "number"] as const).every((part) => owner[part] === what.owner[part])
    );
  };
  const clusterOf = (name: string) => {
    const cluster = clusters.cluster(name);
    if (!cluster)
      throw new ClusterError(
        name,
        "unavailable",
        0,
        `no cluster ${name} is declared any more; if it is no more, list it under retired`,
      );
    return cluster;
  };
  const ours = async ({ cluster, namespace }: At, kind: ObjectKind): Promise<KubeObject[]> => {
    const seen = what.fresh ? undefined : watches.seen(cluster, kind, what.slug);
    const labels = { [PREVIEW_LABELS.preview]: what.slug };
    const all =
      seen ?? (await clusterOf(cluster).list({ kind, labels, ...(namespace === undefined ? {} : { namespace }) }));
    const there = namespace === undefined ? all : all.filter((one) => one.metadata.namespace === namespace);
    return there.filter(isOurs);
  };
  /** Reads an object that is not known; one that is not ours is told as foreign. */
  const tell = async ({ cluster, namespace }: At, kind: ObjectKind, name: string): Promise<KubeObject | undefined> => {
    const ref: ObjectRef = { kind, name, ...(namespace === undefined ? {} : { namespace }) };
    const there = await clusterOf(cluster).get(ref);
    if (there && isOurs(there)) return there;
    if (there) foreign.push({ cluster, object: nameOf(there) });
    return undefined;
  };
  /** The object that is called as the preview is. */
  const named = async (at: At, kind: ObjectKind): Promise<KubeObject | undefined> => {
    const found = (await ours(at, kind)).find((one) => one.metadata.name === what.slug);
    return found ?? tell(at, kind, what.slug);
  };
  /** Applications in the AppProject that is called as the preview is, whatever their labels. */
  const usesProject = async ({ cluster, namespace }: Required<At>): Promise<string[]> => {
    const all = await clusterOf(cluster).list({ kind: KINDS.application, namespace });
    return all.filter(({ spec }) => (spec as { project?: unknown })?.project === what.slug).map(nameOf);
  };
  return { ours, named, tell, usesProject };
}
