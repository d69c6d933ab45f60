import { fieldsOf, listOf, type Stored, textAt, timestamp } from "../api/fields.ts";
import { pathOf, refusalOf } from "../controllers/local-client.ts";
import type { Applications } from "./applications.ts";
import { type Destination, offences } from "./destinations.ts";
import { syncOptionsOf, TRACKING, trackingId } from "./targets.ts";

const FINALIZER = /^resources-finalizer\.argocd\.argoproj\.io/;

/**
 * Removes what a deleted Application has, then lets go of it. Without its project it hangs until that is back; without the cluster's Secret it
 * goes, and what it had stays: that an Application is gone proves nothing.
 */
export function finalize(applications: Applications, application: Stored) {
  const { name, finalizers = [] } = application.metadata;
  if (!finalizers.some((finalizer) => FINALIZER.test(finalizer))) return;
  const project = applications.hub.project(textAt(application, "spec", "project"));
  if (!project)
    return complain(
      applications,
      name,
      `Application referencing project ${textAt(application, "spec", "project")} which does not exist`,
    );
  const destination = applications.hub.destination(application.spec);
  if (!destination) return release(applications, name);
  const namespace = textAt(application, "spec", "destination", "namespace");
  if (offences(project, application.spec, destination).length > 0) return release(applications, name);
  const writer = applications.hub.writer(project, destination, namespace);
  if (!writer) return complain(applications, name, "failed to find a matching service account to impersonate");
  const left = trackedIn(destination, name, namespace);
  if (left.length === 0) return release(applications, name);
  const approved = application.metadata.annotations?.["argocd.argoproj.io/deletion-approved"] !== undefined;
  if (!approved && left.some(({ live }) => syncOptionsOf(live).includes("Delete=confirm"))) return;
  const client = applications.hub.clientOf(destination, writer);
  const kept = left.filter(({ live }) => syncOptionsOf(live).includes("Delete=false"));
  if (kept.length === left.length) return release(applications, name);
  for (const { resource, live } of left) {
    if (live.metadata.deletionTimestamp || kept.some((one) => one.live === live)) continue;
    const refused = refusalOf(client.delete(resource, live, { propagationPolicy: "Foreground" }));
    if (refused) complain(applications, name, refused);
  }
}

function trackedIn({ api }: Destination, application: string, namespace: string) {
  return api.resources
    .all()
    .filter(({ namespaced }) => namespaced)
    .flatMap((resource) => api.store.list(resource, namespace).map((live) => ({ resource, live })))
    .filter(({ resource: { group, kind }, live }) => {
      const id = trackingId(application, { group, kind, namespace, name: live.metadata.name });
      return live.metadata.annotations?.[TRACKING] === id;
    });
}

function complain(applications: Applications, name: string, message: string): void {
  applications.write(name, (current) => {
    const status = fieldsOf(current.status);
    const told = listOf(status.conditions).find((one) => textAt(one, "type") === "DeletionError");
    const others = listOf(status.conditions).filter((one) => one !== told);
    if (textAt(told, "message") === message) return current;
    const condition = { type: "DeletionError", message, lastTransitionTime: timestamp() };
    return { ...current, status: { ...status, conditions: [...others, condition] } };
  });
}

function release(applications: Applications, name: string): void {
  const [kind, current] = [applications.kind(), applications.get(name)];
  if (!kind || !current) return;
  const finalizers = (current.metadata.finalizers ?? []).filter((finalizer) => !FINALIZER.test(finalizer));
  const next = { ...current, metadata: { ...current.metadata, finalizers } };
  applications.client.call("PUT", pathOf(kind, applications.hub.namespace, name), next);
}
