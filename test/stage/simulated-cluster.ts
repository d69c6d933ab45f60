import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type ClusterDouble, startCluster } from "../doubles/cluster/cluster.ts";

const MANIFESTS = new URL("../../manifests/", import.meta.url);

/** A cluster in memory with a simulated Argo CD, and what an operator gives HMS-SYS on it. */
export interface SimulatedCluster {
  cluster: ClusterDouble;
  /** Of HMS-SYS's own user, with the rights that are shipped. */
  kubeconfig: string;
  close(): Promise<void>;
}

export async function simulateCluster(): Promise<SimulatedCluster> {
  const cluster = await startCluster({ objects: shippedRights() });
  const directory = mkdtempSync(join(tmpdir(), "hms-kubeconfig-"));
  return {
    cluster,
    kubeconfig: cluster.writeKubeconfig(join(directory, "config")),
    async close() {
      await cluster.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The RBAC of `manifests`. The double evaluates no admission policies, which stand beside it. */
function shippedRights(): object[] {
  const rbac = readdirSync(new URL("base/rbac", MANIFESTS)).map((name) => `base/rbac/${name}`);
  return ["base/namespace.yaml", ...rbac, "argocd/rbac.yaml", "argocd/impersonation.yaml"].flatMap((path) =>
    parseAllDocuments(readFileSync(new URL(path, MANIFESTS), "utf8")).map((document) => document.toJS() as object),
  );
}
