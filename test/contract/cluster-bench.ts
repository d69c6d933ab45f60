import { randomBytes } from "node:crypto";
import { expect, vi } from "vitest";
import { type ClustersOptions, connectClusters } from "../../src/adapters/kubernetes/clusters.ts";
import { KINDS, type KubeObject, type ObjectRef } from "../../src/model/kubernetes.ts";
import type { Cluster, ClusterFault } from "../../src/ports/cluster.ts";

/** A Kubernetes API over HTTP, with its controllers: a real one or a double. */
export interface KubernetesApi {
  /** `https://127.0.0.1:6443`; a double without TLS has `http`, and `insecure-skip-tls-verify` in its kubeconfig. */
  url: string;
  /**
   * The path of a kubeconfig that reaches the same API at another address, such as a proxy's, with the contexts `admin`, who may do everything,
   * and `nobody`, whose user is called `nobody` and may do only what everybody may.
   */
  kubeconfigFor(url: string): Promise<string>;
  /** It no longer knows the changes of the past: a watch that would resume gets 410. Connections may break. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterBench {
  api: KubernetesApi;
  /** May do everything. */
  cluster: Cluster;
  /** May do nothing. */
  nobody: Cluster;
}

export const silent = { info() {}, warn() {}, error() {} } as unknown as ClustersOptions["log"];

/** Times short enough to see an outage through. */
export const QUICK = { timeoutMs: 10_000, restMs: 200, backoffMs: 50, graceMs: 300 };

export async function connected(
  api: KubernetesApi,
  url = api.url,
  options: Partial<ClustersOptions> = {},
): Promise<ClusterBench> {
  const clusters = await connectClusters(
    [
      { name: "bed", context: "admin" },
      { name: "nobody", context: "nobody" },
    ],
    { kubeconfigPath: await api.kubeconfigFor(url), clock: { now: Date.now }, log: silent, ...QUICK, ...options },
  );
  const [cluster, nobody] = [clusters.cluster("bed"), clusters.cluster("nobody")];
  if (cluster === undefined || nobody === undefined) throw new Error("not connected");
  return { api, cluster, nobody };
}

const unique = (prefix: string) => `${prefix}-${randomBytes(4).toString("hex")}`;

/** A namespace of the test's own, ready for Pods. */
export async function namespaceOf({ cluster }: ClusterBench, labels: Record<string, string> = {}): Promise<string> {
  const name = unique("contract");
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
  return name;
}

/** A Secret, as the plainest of all objects that no controller minds. */
export function secret(
  namespace: string,
  name: string,
  data: Record<string, string> = {},
  metadata: Partial<KubeObject["metadata"]> = {},
): KubeObject {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, ...metadata },
    data: Object.fromEntries(encoded),
  };
}

export const secretRef = (namespace: string, name: string): ObjectRef => ({ kind: KINDS.secret, namespace, name });

export const uidOf = ({ metadata }: KubeObject): string => metadata.uid ?? "none";

export const namesOf = (objects: readonly KubeObject[] | undefined) =>
  objects?.map(({ metadata }) => metadata.name).sort();

export function eventually(condition: () => unknown, timeoutMs = 30_000): Promise<void> {
  return vi.waitFor(async () => void (await condition()), { timeout: timeoutMs, interval: 50 });
}

export async function expectGone(cluster: Cluster, ref: ObjectRef): Promise<void> {
  await eventually(async () => expect(await cluster.get(ref)).toBeUndefined());
}

export async function expectFault(work: Promise<unknown>, fault: ClusterFault, words?: RegExp): Promise<void> {
  await expect(work).rejects.toMatchObject({
    name: "ClusterError",
    fault,
    ...(words === undefined ? {} : { message: expect.stringMatching(words) }),
  });
}
