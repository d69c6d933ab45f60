import { KINDS, type KubeObject } from "../model/kubernetes.ts";
import { previewLabels } from "../model/preview.ts";
import { PREVIEW_KINDS } from "./kinds.ts";
import { SYNC_ACCOUNT } from "./namespace.ts";
import type { PreviewPlan } from "./plan.ts";

/** Keeps the project until no Application is left in it, and an Application until all that it deployed is gone. */
export const RESOURCES_FINALIZER = "resources-finalizer.argocd.argoproj.io";

/**
 * One project a preview, which is what holds its Applications in their one namespace: https://argo-cd.readthedocs.io/en/release-3.2/user-guide/projects/
 * Argo CD syncs as the namespace's own service account, so that the API server refuses what the project would let through.
 */
export function appProject(plan: PreviewPlan): KubeObject {
  const kinds = [...PREVIEW_KINDS, ...plan.inventory.extraKinds];
  return {
    apiVersion: KINDS.appProject.apiVersion,
    kind: KINDS.appProject.kind,
    metadata: {
      name: plan.slug,
      namespace: hubOf(plan).namespace,
      labels: previewLabels(plan.owner, plan.slug),
      finalizers: [RESOURCES_FINALIZER],
    },
    spec: {
      description: "A preview of HMS-SYS",
      sourceRepos: [plan.source.repoUrl],
      destinations: plan.places.map(({ place }) => ({ name: place.cluster, namespace: place.namespace })),
      // Namespaces above all: Argo CD would make the preview's anew, without quota and Pod Security.
      clusterResourceWhitelist: [],
      namespaceResourceWhitelist: kinds.map(({ group, kind }) => ({ group, kind })),
      // The address of the server is known to Argo CD alone; which clusters are meant stands in the destinations.
      destinationServiceAccounts: [...new Set(plan.places.map(({ place }) => place.namespace))].map((namespace) => ({
        server: "*",
        namespace,
        defaultServiceAccount: SYNC_ACCOUNT,
      })),
    },
  };
}

/** The Argo CD that deploys all of the preview's places. */
export function hubOf(plan: PreviewPlan): { cluster: string; namespace: string } {
  return plan.places[0]?.place.argocd ?? plan.inventory.argocd;
}
