import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../stage/free-port.ts";
import { ensureTool } from "../tools.ts";
import { type Access, type Api, ApiError, openApi } from "./api.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { type Programs, type Service, until } from "./programs.ts";

/** etcd, the API server, its controllers and its scheduler. */
export interface ControlPlane {
  admin: Access;
  api: Api;
  apiServer: Service;
  etcd: Service;
  /** Resolves once the API server answers that it is ready. */
  ready(): Promise<void>;
  /** Of a user from the API server's token file. */
  access(user: TokenUser): Access;
}

/**
 * Only the administrator and the parts of Kubernetes itself are in the API server's token file, each under the name that it has in a
 * real cluster, because policies go by names. Everybody else is a ServiceAccount.
 */
const TOKEN_USERS = {
  admin: { name: "bed-admin", group: "system:masters" },
  controllers: { name: "system:kube-controller-manager", group: "" },
  scheduler: { name: "system:kube-scheduler", group: "" },
  kubelet: { name: "system:node:bed", group: "system:nodes" },
} as const;
type TokenUser = keyof typeof TOKEN_USERS;

export async function startControlPlane(
  programs: Programs,
  directory: string,
  options: { auditLog?: string | undefined },
): Promise<ControlPlane> {
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const server = `https://127.0.0.1:${port}`;

  const key = join(directory, "service-accounts.key");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(key, privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  const tokens = new Map(Object.keys(TOKEN_USERS).map((user) => [user, randomBytes(24).toString("hex")]));
  const rows = Object.entries(TOKEN_USERS).map(([user, { name, group }]) =>
    [tokens.get(user), name, name, ...(group === "" ? [] : [`"${group}"`])].join(","),
  );
  const tokenFile = join(directory, "tokens.csv");
  await writeFile(tokenFile, `${rows.join("\n")}\n`, { mode: 0o600 });

  const etcd = await programs.start({
    name: "etcd",
    binary: await ensureTool("etcd"),
    args: [
      `--data-dir=${join(directory, "etcd")}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
      "--unsafe-no-fsync",
      "--log-level=error",
    ],
    isReady: async () => (await fetch(`${etcdUrl}/health`)).ok,
  });

  const certificates = join(directory, "api-server");
  const ca = () => readFile(join(certificates, "apiserver.crt"), "utf8");
  const isReady = async () => {
    const probe = openApi({ server, ca: await ca(), token: tokens.get("admin") ?? "" });
    try {
      return (await probe.call<string>("GET", "/readyz")) === "ok";
    } finally {
      probe.close();
    }
  };
  const apiServer = await programs.start({
    name: "kube-apiserver",
    binary: await ensureTool("kube-apiserver"),
    args: [
      `--etcd-servers=${etcdUrl}`,
      `--secure-port=${port}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      "--endpoint-reconciler-type=none",
      `--cert-dir=${certificates}`,
      `--service-account-key-file=${key}`,
      `--service-account-signing-key-file=${key}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--token-auth-file=${tokenFile}`,
      "--authorization-mode=RBAC",
      "--service-cluster-ip-range=10.96.0.0/16",
      "--allow-privileged=true",
      "--profiling=false",
      ...(await auditing(directory, options.auditLog)),
    ],
    isReady,
  });

  const access = (user: TokenUser): Access => ({ server, ca: certificate, token: tokens.get(user) ?? "" });
  const certificate = await ca();
  const admin = access("admin");
  const api = openApi(admin);

  await Promise.all([
    programs.start({
      name: "kube-controller-manager",
      binary: await ensureTool("kube-controller-manager"),
      args: [
        `--kubeconfig=${await writeKubeconfig(join(directory, "controllers.kubeconfig"), access("controllers"))}`,
        `--service-account-private-key-file=${key}`,
        `--root-ca-file=${join(certificates, "apiserver.crt")}`,
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
        // While the API server is away no node tells that it lives. A kubelet would say anew that its pods are ready; KWOK does not.
        "--node-monitor-grace-period=1h",
        // The defaults make namespaces of a burst of previews wait for each other.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
      ],
      // It makes the default ServiceAccount of every namespace.
      isReady: () => api.call("GET", "/api/v1/namespaces/default/serviceaccounts/default").then(() => true, notYet),
    }),
    programs.start({
      name: "kube-scheduler",
      binary: await ensureTool("kube-scheduler"),
      args: [
        `--kubeconfig=${await writeKubeconfig(join(directory, "scheduler.kubeconfig"), access("scheduler"))}`,
        "--leader-elect=false",
        "--secure-port=0",
      ],
    }),
  ]);
  return { admin, api, apiServer, etcd, access, ready: () => until(isReady, 60_000) };
}

function notYet(error: unknown): false {
  if (error instanceof ApiError && error.status === 404) return false;
  throw error;
}

async function auditing(directory: string, path: string | undefined): Promise<string[]> {
  if (path === undefined) return [];
  const policy = join(directory, "audit-policy.json");
  await writeFile(
    policy,
    JSON.stringify({
      apiVersion: "audit.k8s.io/v1",
      kind: "Policy",
      omitStages: ["RequestReceived"],
      rules: [{ level: "Metadata" }],
    }),
  );
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${path}`];
}
