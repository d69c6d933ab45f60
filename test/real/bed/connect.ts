import { type Api, openApi } from "./api.ts";

/** What others need to use a running bed; plain data, so that it can be written to a file and given to test processes. */
export interface BedDescription {
  /** `https://127.0.0.1:…` */
  apiServer: string;
  /** PEM. */
  ca: string;
  /** Of a member of `system:masters`. */
  adminToken: string;
  adminKubeconfig: string;
  /** For HMS-SYS: the ServiceAccount `hms-system/hms-sys`, which may do what `manifests` grants and nothing else. */
  hmsKubeconfig: string;
  argocdNamespace: string;
  /** As Argo CD calls the one cluster. */
  clusterName: string;
  /** Everything that the bed keeps, and the programs' output in `logs/`. Goes with the bed. */
  directory: string;
  /** Where the bed takes orders: an address on the loopback. */
  control: string;
  /** Of the process that holds the bed; end it to end the bed. */
  pid: number;
  /** Process ids by program, when it started. */
  programs: Record<string, number>;
}

/** Programs of a bed that a test may take away for a while. Whoever does brings them back. */
export type Program =
  | "kube-apiserver"
  | "kube-controller-manager"
  | "redis"
  | "argocd-repo-server"
  | "argocd-application-controller";

/** A running bed, as its user sees it. */
export interface Bed extends BedDescription {
  /** As the administrator. */
  api: Api;
  /** Connections break and new ones are refused. The objects stay. */
  stopProgram(program: Program): Promise<void>;
  /** Resolves when it is ready. */
  startProgram(program: Program): Promise<void>;
  /** It keeps its connections and answers nothing. */
  pauseProgram(program: Program): Promise<void>;
  resumeProgram(program: Program): Promise<void>;
  /** Applies `manifests/overlays/example` again, as the administrator. */
  applyManifests(): Promise<void>;
}

export function connectBed(description: BedDescription): Bed {
  const order = async (path: string) => {
    const response = await fetch(`${description.control}/${path}`, { method: "POST" });
    if (!response.ok) throw new Error(`the bed could not ${path}: ${await response.text()}`);
  };
  const { apiServer: server, ca, adminToken: token } = description;
  return {
    ...description,
    api: openApi({ server, ca, token }),
    stopProgram: (program) => order(`stop/${program}`),
    startProgram: (program) => order(`start/${program}`),
    pauseProgram: (program) => order(`pause/${program}`),
    resumeProgram: (program) => order(`resume/${program}`),
    applyManifests: () => order("manifests"),
  };
}
