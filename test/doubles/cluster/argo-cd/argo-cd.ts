import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADMIN } from "../api/access.ts";
import type { Api } from "../api/api.ts";
import type { Change } from "../api/store.ts";
import { LocalClient } from "../controllers/local-client.ts";
import { ApplicationSets } from "./application-sets.ts";
import { Applications } from "./applications.ts";
import { Hub, running } from "./destinations.ts";
import { GitSources } from "./git-sources.ts";
import { Projects } from "./projects.ts";

/** Simulated Argo CD 3.2: its ApplicationSet and its application controller, which clone with real git. */
export class ArgoCd {
  readonly #directory = mkdtempSync(join(tmpdir(), "argo-cd-double-"));
  readonly #sets: ApplicationSets;
  readonly #applications: Applications;
  readonly #projects: Projects;
  readonly #stops: (() => void)[];

  constructor(api: Api, namespace: string) {
    this.#sets = new ApplicationSets(new LocalClient(api, ADMIN, "argocd-applicationset-controller"), namespace);
    const client = new LocalClient(api, ADMIN, "argocd-application-controller");
    this.#applications = new Applications(client, new Hub(api, namespace), new GitSources(this.#directory));
    this.#projects = new Projects(client, namespace);
    const changed = (change: Change) => {
      this.#sets.changed(change);
      this.#projects.changed(change);
      this.#applications.changed(change, true);
    };
    this.#stops = [api.store.listen(changed)];
  }

  /** Follows another cluster of this process too; Argo CD deploys there once a cluster Secret names its address. */
  follow(url: string): void {
    const other = running.get(url);
    if (other) this.#stops.push(other.store.listen((change) => this.#applications.changed(change, false)));
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#sets.stop();
    this.#applications.stop();
    this.#projects.stop();
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What stands in Argo CD's namespace from the beginning: sync by impersonation, and the cluster that it runs in. */
export function argoCdObjects(namespace: string): object[] {
  const part = { "app.kubernetes.io/part-of": "argocd" };
  const secret = { ...part, "argocd.argoproj.io/secret-type": "cluster" };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "argocd-cm", namespace, labels: part },
      data: { "application.sync.impersonation.enabled": "true", "application.resourceTrackingMethod": "annotation" },
    },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "cluster-in-cluster", namespace, labels: secret },
      stringData: { name: "in-cluster", server: "https://kubernetes.default.svc", config: "{}" },
    },
    {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "AppProject",
      metadata: { name: "default", namespace },
      spec: {
        sourceRepos: ["*"],
        destinations: [{ server: "*", namespace: "*" }],
        clusterResourceWhitelist: [{ group: "*", kind: "*" }],
      },
    },
  ];
}

/** A further cluster as Argo CD knows it. */
export function clusterSecret(namespace: string, name: string, server: string): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `cluster-${name}`, namespace, labels: { "argocd.argoproj.io/secret-type": "cluster" } },
    stringData: { name, server, config: "{}" },
  };
}
