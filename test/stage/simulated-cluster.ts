import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { at, numberAt } from "../doubles/cluster/api/fields.ts";
import { type ClusterDouble, startCluster } from "../doubles/cluster/cluster.ts";

const MANIFESTS = new URL("../../manifests/", import.meta.url);

/** What scans run with that are Jobs. */
export const SCAN_IMAGE = `registry.example/hms-scan@sha256:${"5".repeat(64)}`;

/** A cluster in memory with a simulated Argo CD, what an operator gives HMS-SYS on it, and something that answers at the addresses of previews. */
export interface SimulatedCluster {
  cluster: ClusterDouble;
  /** What tells HMS-SYS of it: its own user with the rights that are shipped, and the hosts that previews may have. */
  environment: Record<string, string>;
  ingressPort: number;
  close(): Promise<void>;
}

/**
 * @param names hosts below `preview.localhost` that previews answer at; HMS-SYS asks loopback addresses of hosts that it is told of alone
 * @param answer what they say, by the images that run there
 */
export async function simulateCluster(
  names: readonly string[] = [],
  answer = (images: readonly string[]) => images.join("\n"),
): Promise<SimulatedCluster> {
  const cluster = await startCluster({ objects: shippedRights() });
  const directory = mkdtempSync(join(tmpdir(), "hms-cluster-"));
  const server = await serveIngress(cluster, answer);
  const ingressPort = (server.address() as AddressInfo).port;
  const scans = { image: SCAN_IMAGE, report_cidrs: ["127.0.0.1/32"], registry_cidrs: ["192.0.2.0/24"] };
  const inventory = { version: 1, clusters: [{ name: "in-cluster", scans }], hosts: ["*.preview.localhost"] };
  const inventoryPath = join(directory, "clusters.yml");
  writeFileSync(inventoryPath, stringify(inventory));
  return {
    cluster,
    environment: {
      KUBECONFIG: cluster.writeKubeconfig(join(directory, "config")),
      HMS_CLUSTERS: inventoryPath,
      HMS_EGRESS_ALLOW: names.map((name) => `${name}.preview.localhost:${ingressPort}`).join(","),
    },
    ingressPort,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
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

/**
 * In place of an ingress controller and of the containers that nobody runs: 200 with the images of what is available in the namespace that the host
 * belongs to, 503 while nothing is, 404 where no namespace has the host.
 */
function serveIngress(cluster: ClusterDouble, answer: (images: readonly string[]) => string): Promise<Server> {
  const server = createServer((request, response) => {
    const host = (request.headers.host ?? "").replace(/:\d+$/, "");
    const namespace = cluster
      .objects("namespaces")
      .find(({ metadata }) => metadata.annotations?.["hms-sys.dev/hosts"]?.split(",").includes(host));
    const running = namespace
      ? cluster
          .objects("deployments", namespace.metadata.name)
          .filter((one) => (numberAt(one, "status", "availableReplicas") ?? 0) > 0)
      : [];
    response.statusCode = namespace ? (running.length > 0 ? 200 : 503) : 404;
    response.setHeader("content-type", "text/plain; charset=utf-8");
    response.end(answer(running.flatMap(imagesOf)));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function imagesOf(deployment: object): string[] {
  const containers = at(deployment, "spec", "template", "spec", "containers");
  return Array.isArray(containers) ? containers.map(({ image }: { image?: string }) => image ?? "") : [];
}
