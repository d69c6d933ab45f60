import type { Logger } from "pino";
import type { Clock } from "../../ports/clock.ts";
import type { Cluster, Clusters } from "../../ports/cluster.ts";
import { KubernetesCluster } from "./cluster.ts";
import { type ClusterCall, Connection } from "./connection.ts";
import { openCredential } from "./credential.ts";

export interface ClustersOptions {
  /** Of kubectl's form; absent: the credential of the Pod that this runs in. */
  kubeconfigPath?: string | undefined;
  clock: Clock;
  log: Pick<Logger, "info" | "warn" | "error">;
  /** Told of each request to an API server. */
  counted?(call: ClusterCall): void;
  /** Told when a circuit breaker opens and when it closes. */
  broken?(cluster: string, is: boolean): void;
  /** For one request and its whole answer; 20 s unless given. */
  timeoutMs?: number;
  /** Most requests at a time to one cluster; 16 unless given. */
  concurrency?: number;
  /** How long an API server that failed five times in a row is left alone; 5 s unless given. */
  restMs?: number;
  /** After so long without a word a watch is opened anew; 100 s unless given: the API server sends a bookmark each minute. */
  silenceMs?: number;
  /** How long what a watch knows stands after its connection was lost; 15 s unless given. */
  graceMs?: number;
  /** The first pause of a watch after a failure; 500 ms unless given. */
  backoffMs?: number;
}

/**
 * The clusters that the operator declared, each with a credential and a circuit breaker of its own. Nothing is asked of them yet: one that is
 * down does not keep the process from starting.
 * @throws {Error} of a kubeconfig that cannot be read or has no such context.
 */
export async function connectClusters(
  clusters: readonly { name: string; context?: string; inCluster?: true }[],
  options: ClustersOptions,
): Promise<Clusters> {
  const connected = new Map<string, Cluster>();
  for (const { name, context, inCluster } of clusters) {
    const { kubeconfigPath, ...rest } = options;
    // Beside clusters of a kubeconfig there may be the one that this runs in.
    connected.set(name, await connect(name, context, inCluster ? rest : { kubeconfigPath, ...rest }));
  }
  return { names: [...connected.keys()], cluster: (name) => connected.get(name) };
}

async function connect(name: string, context: string | undefined, options: ClustersOptions): Promise<Cluster> {
  const { kubeconfigPath, clock, log, timeoutMs = 20_000, concurrency = 16, restMs = 5_000 } = options;
  const { counted = () => undefined, broken, silenceMs = 100_000, graceMs = 15_000, backoffMs = 500 } = options;
  const now = () => clock.now();
  const credential = await openCredential({ kubeconfigPath, context, now });
  if (credential.insecure) log.warn({ cluster: name }, "the certificate of an API server is not verified");
  const connection = new Connection({
    cluster: name,
    credential,
    timeoutMs,
    concurrency,
    restMs,
    counted,
    broken: (is) => broken?.(name, is),
  });
  return new KubernetesCluster({ connection, now, log, watchTimes: { silenceMs, graceMs, backoffMs } });
}
