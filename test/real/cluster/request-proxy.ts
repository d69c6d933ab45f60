import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { parse, stringify } from "yaml";

export interface ProxiedRequest {
  method: string;
  path: string;
  /** 0 until it is answered. */
  status: number;
  /** Of `performance.now()`. */
  startedAtMs: number;
  endedAtMs: number;
  isWatch: boolean;
}

export interface RequestProxy {
  /** Oldest first. */
  requests: ProxiedRequest[];
  close(): void;
}

interface Kubeconfig {
  clusters: { cluster: { server: string } & Record<string, unknown> }[];
}

/**
 * Stands between HMS-SYS and an API server and keeps a list of what is asked. Without TLS, so that it costs little.
 * @param into the kubeconfig that leads through it
 */
export async function startRequestProxy(kubeconfigPath: string, into: string): Promise<RequestProxy> {
  const kubeconfig = parse(readFileSync(kubeconfigPath, "utf8")) as Kubeconfig;
  const [entry] = kubeconfig.clusters;
  if (!entry) throw new Error(`${kubeconfigPath} has no cluster`);
  const { server, "certificate-authority-data": authority } = entry.cluster;
  const ca = Buffer.from(String(authority), "base64");
  const agent = new Agent({ keepAlive: true, ca });
  const requests: ProxiedRequest[] = [];
  const proxy = createServer((incoming, response) => pass(incoming, response, { server, agent, requests }));
  proxy.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  entry.cluster = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
  writeFileSync(into, stringify(kubeconfig), { mode: 0o600 });
  return {
    requests,
    close() {
      proxy.close();
      proxy.closeAllConnections();
      agent.destroy();
    },
  };
}

function pass(
  incoming: IncomingMessage,
  response: ServerResponse,
  { server, agent, requests }: { server: string; agent: Agent; requests: ProxiedRequest[] },
): void {
  const { method = "GET", url = "/" } = incoming;
  const one: ProxiedRequest = {
    method,
    path: url,
    status: 0,
    startedAtMs: performance.now(),
    endedAtMs: 0,
    isWatch: /[?&]watch=(?:true|1)/.test(url),
  };
  requests.push(one);
  const { host: _, connection: __, ...headers } = incoming.headers;
  const passed = request(`${server}${url}`, { method, headers, agent }, (answer) => {
    one.status = answer.statusCode ?? 0;
    response.writeHead(one.status, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
    answer.on("end", () => {
      one.endedAtMs = performance.now();
    });
    answer.on("error", () => response.destroy());
  });
  passed.on("error", () => response.destroy());
  response.on("close", () => passed.destroy());
  incoming.pipe(passed);
}
