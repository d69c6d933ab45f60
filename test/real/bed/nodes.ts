import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { ensureTool, toolSource } from "../tools.ts";
import type { ControlPlane } from "./control-plane.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { objectsIn } from "./manifests.ts";
import { type Programs, until } from "./programs.ts";

/** KWOK's own: a node that is ready and keeps its lease, pods that run as soon as they are scheduled, Jobs that complete. */
const STAGES = ["node/fast", "node/heartbeat-with-lease", "pod/fast"];

const NODE: KubeObject = {
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: "bed",
    annotations: { "kwok.x-k8s.io/node": "fake" },
    labels: { "kubernetes.io/hostname": "bed", "kubernetes.io/os": "linux", type: "kwok" },
  },
};

/** One Node that runs no containers. Its kubelet's place is taken by KWOK, under a kubelet's name. */
export async function startNodes(programs: Programs, directory: string, plane: ControlPlane): Promise<void> {
  const source = await toolSource("kwok");
  const role = (await objectsIn(join(source, "kustomize/rbac/role.yaml"))).filter(({ kind }) => kind === "ClusterRole");
  await plane.api.apply([
    ...role,
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "kwok-controller" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "kwok-controller" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "system:node:bed" }],
    },
    NODE,
  ]);
  const stages = join(directory, "stages.yaml");
  await writeFile(stages, await stagesOf(source));
  await programs.start({
    name: "kwok",
    binary: await ensureTool("kwok"),
    args: [
      `--kubeconfig=${await writeKubeconfig(join(directory, "kubelet.kubeconfig"), plane.access("kubelet"))}`,
      `--config=${stages}`,
      "--manage-all-nodes=true",
      "--cidr=10.0.0.0/16",
      "--node-ip=127.0.0.1",
      "--node-lease-duration-seconds=40",
    ],
  });
  await until(async () => {
    const node = await plane.api.call<{ status?: { conditions?: { type: string; status: string }[] } }>(
      "GET",
      "/api/v1/nodes/bed",
    );
    return node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  }, 60_000);
}

async function stagesOf(source: string): Promise<string> {
  const texts: string[] = [];
  for (const stage of STAGES) {
    const folder = join(source, "kustomize/stage", stage);
    for (const file of (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort()) {
      const text = await readFile(join(folder, file), "utf8");
      if (parseAllDocuments(text).some((document) => document.get("kind") === "Stage")) texts.push(text);
    }
  }
  return texts.join("\n---\n");
}
