import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "../doubles/cluster/cluster.ts";
import { clusterContract } from "./cluster-contract.ts";

clusterContract("the cluster double", async () => {
  const cluster = await startCluster();
  const directory = await mkdtemp(join(tmpdir(), "cluster-double-"));
  const nobody = cluster.tokenOf("nobody");
  let kubeconfigs = 0;
  return {
    url: cluster.url,
    kubeconfigFor: async (url) =>
      cluster.writeKubeconfig(
        join(directory, `kubeconfig-${++kubeconfigs}`),
        { admin: cluster.tokens.admin, nobody },
        url,
      ),
    forget: async () => cluster.expireWatches(),
    stop: async () => {
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
});
