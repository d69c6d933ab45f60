import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubernetesApi } from "../../contract/cluster-bench.ts";
import { freePort } from "../../stage/free-port.ts";
import { type Program, startProgram } from "../program.ts";
import { ensureTool } from "../tools.ts";

/** etcd, an API server and the controller manager of Kubernetes, on free ports of the loopback, in a temporary directory. */
export interface ControlPlane extends KubernetesApi {
  /** Makes a request with all rights: for kinds that HMS-SYS itself has nothing to do with. Rejects unless it succeeds. */
  asAdmin(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<unknown>;
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
}

export async function startControlPlane({ apiServerArgs = [] as string[] } = {}): Promise<ControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), "hms-control-plane-"));
  const [etcdPort, peerPort, port, managerPort] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const tokens = { admin: randomBytes(16).toString("hex"), nobody: randomBytes(16).toString("hex") };
  await writeFile(
    join(directory, "tokens.csv"),
    `${tokens.admin},admin,admin,"system:masters"\n${tokens.nobody},nobody,nobody\n`,
  );
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const url = `https://127.0.0.1:${port}`;
  const started: Program[] = [];
  let apiServer: Program | undefined;

  async function startApiServer(): Promise<void> {
    apiServer = await startProgram({
      binary: await ensureTool("kube-apiserver"),
      args: [
        `--etcd-servers=${etcdUrl}`,
        `--secure-port=${port}`,
        "--bind-address=127.0.0.1",
        `--cert-dir=${join(directory, "certificates")}`,
        `--service-account-key-file=${join(directory, "sa.key")}`,
        `--service-account-signing-key-file=${join(directory, "sa.key")}`,
        "--service-account-issuer=https://kubernetes.default.svc",
        `--token-auth-file=${join(directory, "tokens.csv")}`,
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged=true",
        ...apiServerArgs,
      ],
      isReady: () => isReady(port),
    });
  }

  const kubeconfigFor = async (server: string) => {
    const path = join(directory, `kubeconfig-${new URL(server).port}`);
    const users = Object.entries(tokens).map(([name, token]) => ({ name, user: { token } }));
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "bed",
          cluster: { server, "certificate-authority": join(directory, "certificates", "apiserver.crt") },
        },
      ],
      users,
      contexts: users.map(({ name }) => ({ name, context: { cluster: "bed", user: name } })),
      "current-context": "admin",
    };
    await writeFile(path, JSON.stringify(kubeconfig));
    return path;
  };

  const stopApiServer = async () => apiServer?.stop();
  const stop = async () => {
    await stopApiServer();
    for (const program of started.reverse()) await program.stop();
    await rm(directory, { recursive: true, force: true });
  };

  try {
    await writeFile(join(directory, "sa.key"), signingKey());
    started.push(
      await startProgram({
        binary: await ensureTool("etcd"),
        args: [
          `--data-dir=${join(directory, "etcd")}`,
          `--listen-client-urls=${etcdUrl}`,
          `--advertise-client-urls=${etcdUrl}`,
          `--listen-peer-urls=${peerUrl}`,
          "--unsafe-no-fsync",
        ],
        isReady: () =>
          fetch(`${etcdUrl}/health`).then(
            ({ ok }) => ok,
            () => false,
          ),
      }),
    );
    await startApiServer();
    started.push(
      await startProgram({
        binary: await ensureTool("kube-controller-manager"),
        args: [
          `--kubeconfig=${await kubeconfigFor(url)}`,
          `--service-account-private-key-file=${join(directory, "sa.key")}`,
          "--use-service-account-credentials=true",
          "--leader-elect=false",
          `--secure-port=${managerPort}`,
          "--bind-address=127.0.0.1",
          `--cert-dir=${join(directory, "manager")}`,
        ],
        isReady: () => isReady(managerPort, "/healthz"),
      }),
    );
    return {
      url,
      asAdmin: (method, path, body) => asked(`${url}${path}`, method, tokens.admin, body),
      kubeconfigFor,
      startApiServer,
      stopApiServer,
      // One that starts knows no past: its watch cache begins with what etcd has now.
      async forget() {
        await stopApiServer();
        await startApiServer();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Whether it answers; its certificate is its own. */
function isReady(port: number, path = "/readyz"): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path, rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.once("error", () => resolve(false));
    asked.end();
  });
}

function asked(url: string, method: string, token: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
    };
    const sent = request(url, { method, headers, rejectUnauthorized: false }, async (response) => {
      const text = Buffer.concat(await response.toArray()).toString("utf8");
      if (response.statusCode === undefined || response.statusCode > 299) reject(new Error(text));
      else resolve(JSON.parse(text));
    });
    sent.once("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function signingKey(): string {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
}
