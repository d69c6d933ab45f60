import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ARGOCD_NAMESPACE, CLUSTER_NAME, startArgoCd } from "./argo-cd.ts";
import { type Bed, type BedDescription, connectBed } from "./connect.ts";
import { startControl } from "./control.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { objectsIn } from "./manifests.ts";
import { startNodes } from "./nodes.ts";
import { Programs } from "./programs.ts";
import { serviceAccountAccess } from "./service-accounts.ts";

const SHIPPED = join(import.meta.dirname, "../../../manifests");
const HMS = { namespace: "hms-system", name: "hms-sys" };

export interface BedOptions {
  /** Where the API server writes what was asked of it and by whom, one JSON object a line. */
  auditLog?: string;
}

export interface OwnBed extends Bed {
  /** What to give to other processes. */
  description: BedDescription;
  /** Ends every program and removes the directory. */
  stop(): Promise<void>;
}

/**
 * A real Kubernetes with a real Argo CD on free ports of the loopback: etcd, API server, controller manager, scheduler, one Node that KWOK
 * pretends to run, Redis, and Argo CD with sync impersonation. Pods "run" but no container does: network isolation, image pulls and probes
 * cannot be tried here. Its programs end with this process, whichever way it ends.
 */
export async function startBed(options: BedOptions = {}): Promise<OwnBed> {
  const directory = await mkdtemp(join(tmpdir(), "hms-bed-"));
  const programs = new Programs(directory);
  try {
    const plane = await startControlPlane(programs, directory, options);
    await Promise.all([
      startNodes(programs, directory, plane),
      applyShipped(plane).then(() => startArgoCd(programs, directory, plane)),
    ]);
    const control = await startControl((path) => obey(programs, plane, path));
    const description: BedDescription = {
      apiServer: plane.admin.server,
      ca: plane.admin.ca,
      adminToken: plane.admin.token,
      adminKubeconfig: await writeKubeconfig(join(directory, "admin.kubeconfig"), plane.admin),
      hmsKubeconfig: await writeKubeconfig(
        join(directory, "hms.kubeconfig"),
        await serviceAccountAccess(plane.api, plane.admin, HMS),
      ),
      argocdNamespace: ARGOCD_NAMESPACE,
      clusterName: CLUSTER_NAME,
      directory,
      control: control.url,
      pid: process.pid,
      programs: programs.pids(),
    };
    const bed = connectBed(description);
    return {
      ...bed,
      description,
      async stop() {
        await control.close();
        for (const api of [plane.api, bed.api]) api.close();
        await programs.close();
      },
    };
  } catch (error) {
    await programs.close();
    throw error;
  }
}

/**
 * What an operator applies, on the cluster of Argo CD that is also the one of the previews: HMS-SYS's ServiceAccount, its rights, the admission
 * policies, and the patches to Argo CD's settings.
 */
async function applyShipped({ api }: ControlPlane): Promise<void> {
  await api.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: ARGOCD_NAMESPACE } }]);
  const apply = async (path: string) => api.apply(await objectsIn(path), ARGOCD_NAMESPACE, "operator");
  await apply(join(SHIPPED, "overlays/example"));
  const patches = join(SHIPPED, "argocd/settings");
  for (const patch of await readdir(patches)) await apply(join(patches, patch));
}

async function obey(programs: Programs, plane: ControlPlane, [order, name = ""]: string[]): Promise<void> {
  switch (order) {
    case "manifests":
      return applyShipped(plane);
    case "stop":
      return programs.named(name).stop();
    case "start":
      return programs.named(name).start();
    case "pause":
      return programs.named(name).pause();
    case "resume":
      return programs.named(name).resume();
    default:
      throw new Error(`no such order: ${order}`);
  }
}
