import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parse, stringify } from "yaml";

export interface DeadlyProxy {
  /** As the real one, but through the proxy. */
  kubeconfigPath: string;
  /**
   * At the next write something dies. `before`: the API server never hears of it; `after`: it did what was asked, and nobody heard its answer.
   * Resolves with what was to be written, `PATCH /api/v1/namespaces/pr-…`.
   */
  atNextWrite(moment: "before" | "after", die: () => void): Promise<string>;
  /** Lets everything through again. */
  disarm(): void;
  close(): Promise<void>;
}

/** Stands between HMS-SYS and the API server, and sees each request. */
export async function deadlyProxy(kubeconfigPath: string, directory: string): Promise<DeadlyProxy> {
  const config = parse(await readFile(kubeconfigPath, "utf8")) as {
    clusters: { cluster: Record<string, unknown> & { server: string; "certificate-authority-data": string } }[];
  };
  const cluster = config.clusters[0]?.cluster;
  if (!cluster) throw new Error("the kubeconfig names no cluster");
  const target = new URL(cluster.server);
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(cluster["certificate-authority-data"], "base64") });
  let armed: { moment: "before" | "after"; die: () => void; told(write: string): void } | undefined;
  /** Writes beside the deadly one go nowhere, so that each object is once the one at which the process dies. */
  let dying = false;

  const server = createServer((asked, answer) => {
    const { method = "GET", url = "/", headers } = asked;
    const isWrite = method !== "GET" && !url.includes("/self");
    if (isWrite && dying) return;
    const deadly = isWrite ? armed : undefined;
    if (deadly) {
      armed = undefined;
      dying = true;
    }
    const what = `${method} ${url.split("?")[0]}`;
    const kill = (): void => {
      deadly?.die();
      deadly?.told(what);
    };
    if (deadly?.moment === "before") return kill();
    const { host: _, ...rest } = headers;
    const sent = request(
      { host: target.hostname, port: target.port, agent, method, path: url, headers: rest },
      (response) => {
        if (deadly) {
          response.resume().once("end", kill);
          return;
        }
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
        response.once("error", () => answer.destroy());
      },
    );
    sent.once("error", () => answer.destroy());
    answer.once("close", () => sent.destroy());
    asked.pipe(sent);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { "certificate-authority-data": _ca, ...others } = cluster;
  const port = (server.address() as AddressInfo).port;
  const through = { ...others, server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
  const path = join(directory, `deadly-${port}.kubeconfig`);
  await writeFile(path, stringify({ ...config, clusters: [{ ...config.clusters[0], cluster: through }] }), {
    mode: 0o600,
  });
  return {
    kubeconfigPath: path,
    atNextWrite: (moment, die) =>
      new Promise((told) => {
        armed = { moment, die, told };
        dying = false;
      }),
    disarm() {
      armed = undefined;
      dying = false;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      agent.destroy();
    },
  };
}
