import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClustersOptions, connectClusters } from "../../../src/adapters/kubernetes/clusters.ts";
import type { Cluster } from "../../../src/ports/cluster.ts";
import { QUICK } from "../../contract/cluster-bench.ts";

export interface Asked {
  method: string;
  /** Path and query. */
  url: URL;
  headers: IncomingMessage["headers"];
  body: string;
}

export interface ScriptedApi {
  url: string;
  directory: string;
  /** What was asked, in order. */
  asked: Asked[];
  /** How it answers; changes at any time. */
  answer: (asked: Asked, response: ServerResponse) => void;
  /** What was logged: fields and message. */
  logged: string[];
  kubeconfigPath: string;
  /** Writes the kubeconfig anew with this user. */
  writeKubeconfig(user: unknown, cluster?: Record<string, unknown>): Promise<void>;
  connect(options?: Partial<ClustersOptions>): Promise<Cluster>;
  stop(): Promise<void>;
}

export const TOKEN = "planted-token-of-a-credential";

/** A server that answers whatever a test says: for what no API server can be brought to do. */
export async function scriptedApi(): Promise<ScriptedApi> {
  const directory = await mkdtemp(join(tmpdir(), "hms-scripted-api-"));
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString("utf8");
    const { method = "", headers } = request;
    const asked = { method, headers, body, url: new URL(request.url ?? "", "http://api") };
    api.asked.push(asked);
    api.answer(asked, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const note =
    (level: string) =>
    (...said: unknown[]) =>
      void api.logged.push(`${level} ${JSON.stringify(said)}`);
  const log = { info: note("info"), warn: note("warn"), error: note("error") } as unknown as ClustersOptions["log"];

  const api: ScriptedApi = {
    url,
    directory,
    asked: [],
    logged: [],
    answer: (_asked, response) => json(response, 200, {}),
    kubeconfigPath: join(directory, "kubeconfig"),
    async writeKubeconfig(user, cluster = {}) {
      const kubeconfig = {
        clusters: [{ name: "c", cluster: { server: url, "insecure-skip-tls-verify": true, ...cluster } }],
        users: [{ name: "u", user }],
        contexts: [{ name: "ctx", context: { cluster: "c", user: "u" } }],
        "current-context": "ctx",
      };
      await writeFile(api.kubeconfigPath, JSON.stringify(kubeconfig));
    },
    async connect(options = {}) {
      const { kubeconfigPath } = api;
      const clusters = await connectClusters([{ name: "bed" }], {
        kubeconfigPath,
        clock: { now: Date.now },
        log,
        ...QUICK,
        ...options,
      });
      const cluster = clusters.cluster("bed");
      if (cluster === undefined) throw new Error("not connected");
      return cluster;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await api.writeKubeconfig({ token: TOKEN });
  return api;
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

export function statusBody(code: number, reason: string, message: string, details: Record<string, unknown> = {}) {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, details, code };
}

export const secretBody = (name: string, resourceVersion: string, uid = `uid-${name}`) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "ns", uid, resourceVersion, managedFields: [{ manager: "somebody" }] },
});

export const listBody = (items: unknown[], resourceVersion = "10", next = "") => ({
  kind: "SecretList",
  apiVersion: "v1",
  metadata: { resourceVersion, ...(next === "" ? {} : { continue: next }) },
  items,
});
