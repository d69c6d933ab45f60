import { KINDS, type KubeObject, type ObjectKind, type ObjectRef } from "../model/kubernetes.ts";
import { ownerOf, type PreviewOwner } from "../model/preview.ts";

/** Whether the labels of an object name this very preview: nothing else is touched. */
export function isOurs(object: KubeObject, owner: PreviewOwner, slug: string): boolean {
  const named = ownerOf(object.metadata.labels);
  return (
    named !== undefined &&
    named.slug === slug &&
    named.appId === owner.appId &&
    named.installationId === owner.installationId &&
    named.repositoryId === owner.repositoryId &&
    named.number === owner.number
  );
}

/** Undefined for kinds that previews do not know. */
export function kindOf({ apiVersion, kind }: KubeObject): ObjectKind | undefined {
  return Object.values(KINDS).find((one) => one.apiVersion === apiVersion && one.kind === kind);
}

/** Where an object is found; undefined where its kind is not known. */
export function refOf(object: KubeObject): ObjectRef | undefined {
  const kind = kindOf(object);
  const { name, namespace } = object.metadata;
  return kind && { kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

export function isTerminating(object: KubeObject | undefined): boolean {
  return object?.metadata.deletionTimestamp !== undefined;
}
