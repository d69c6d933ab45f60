import type { KubeObject } from "../model/kubernetes.ts";
import { appProject, hubOf } from "./app-project.ts";
import { applicationSet } from "./application-set.ts";
import { namespaceObjects } from "./namespace.ts";
import { networkPolicies } from "./network-policies.ts";
import type { PreviewPlan } from "./plan.ts";
import { repositorySecret } from "./repository-secret.ts";

export interface PlannedObject {
  cluster: string;
  object: KubeObject;
  /** To be given an owner reference to the AppProject, so that it goes with it: HMS-SYS may not read Secrets there. */
  ownedByProject?: true;
}

/** All objects of a preview, in the order in which they are to be made: nothing deploys before what holds it is there. */
export function previewObjects(plan: PreviewPlan): PlannedObject[] {
  const hub = hubOf(plan).cluster;
  const secret = repositorySecret(plan);
  return [
    ...plan.places.flatMap((at) =>
      [...namespaceObjects(plan, at), ...networkPolicies(plan, at)].map((object) => ({
        cluster: at.place.cluster,
        object,
      })),
    ),
    { cluster: hub, object: appProject(plan) },
    ...(secret ? [{ cluster: hub, object: secret, ownedByProject: true as const }] : []),
    { cluster: hub, object: applicationSet(plan) },
  ];
}

/** The object with a reference to the project it goes with; the project as the API server gave it back. */
export function ownedBy(object: KubeObject, project: KubeObject): KubeObject {
  const { name, uid } = project.metadata;
  if (uid === undefined) throw new Error("a project that was read has no uid");
  const { apiVersion, kind } = project;
  return { ...object, metadata: { ...object.metadata, ownerReferences: [{ apiVersion, kind, name, uid }] } };
}
