import { readFileSync, statSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { dirname, resolve } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";

/** Long enough that a burst of requests reads its certificates once, short enough that a rotated one is soon used. */
const FRESH_MS = 5_000;

export interface CredentialOptions {
  /** A file in the form of kubectl's; absent: the Pod's own ServiceAccount. */
  kubeconfigPath?: string | undefined;
  /** Of that file; absent: its current context. */
  context?: string | undefined;
  now(): number;
}

/** Where a cluster's API server is, and what a request must carry to be let in. */
export interface Credential {
  /** `https://10.0.0.1:6443`, with the prefix of a path where there is one, without a slash at the end. */
  readonly server: string;
  /** The server's certificate is not verified. */
  readonly insecure: boolean;
  /** Certificates, headers, and an agent only where a proxy leads there. Rejects where the credential cannot be had. */
  options(): Promise<RequestOptions>;
  /** What is remembered was refused: everything is read anew. */
  refresh(): void;
}

/**
 * A credential of a kubeconfig: tokens, token files, client certificates, exec plugins and OIDC, as client-node knows them. The file is read
 * again when it changed. https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 * @throws {Error} of an unreadable file or an unknown context.
 */
export async function openCredential({ kubeconfigPath, context, now }: CredentialOptions): Promise<Credential> {
  // Most of its size is generated code that an HMS without previews should not carry: half a second and 80 MB.
  const { KubeConfig } = await import("@kubernetes/client-node");
  let stamp = stampOf(kubeconfigPath);
  let config = read();
  let known: { options: Promise<RequestOptions>; atMs: number } | undefined;

  function read(): KubeConfig {
    const fresh = new KubeConfig();
    if (kubeconfigPath === undefined) fresh.loadFromCluster();
    else load(fresh, kubeconfigPath);
    if (context !== undefined) fresh.setCurrentContext(context);
    return fresh;
  }

  function reread(): void {
    const current = stampOf(kubeconfigPath);
    config = read();
    stamp = current;
  }

  async function applied(): Promise<RequestOptions> {
    if (stampOf(kubeconfigPath) !== stamp) reread();
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    // Its agent keeps the first certificates for good.
    if (!config.getCurrentCluster()?.proxyUrl) delete options.agent;
    return options;
  }

  const cluster = config.getCurrentCluster();
  if (cluster === null || config.getCurrentUser() === null) throw new Error(notThere(kubeconfigPath, context));
  if (cluster.server.startsWith("http:") && !cluster.skipTLSVerify)
    throw new Error(
      `The API server of ${cluster.name} has no TLS: that needs insecure-skip-tls-verify in the kubeconfig`,
    );

  return {
    get server() {
      return config.getCurrentCluster()?.server ?? cluster.server;
    },
    insecure: cluster.skipTLSVerify === true,
    options() {
      if (known === undefined || now() - known.atMs > FRESH_MS) {
        const options = applied();
        known = { options, atMs: now() };
        options.catch(() => {
          known = undefined;
        });
      }
      return known.options;
    },
    refresh() {
      known = undefined;
      // Never the same as a file's: it is read again, and a plugin's remembered answer is let go.
      stamp = "refused";
    },
  };
}

/** client-node resolves neither `tokenFile` nor anything relative to the file when it reads text. */
function load(config: KubeConfig, path: string): void {
  const text = readFileSync(path, "utf8");
  config.loadFromString(text);
  config.makePathsAbsolute(dirname(path));
  const { users } = parse(text) as { users?: { name: string; user?: { tokenFile?: unknown } }[] };
  config.users = config.users.map((user) => {
    const tokenFile = users?.find(({ name }) => name === user.name)?.user?.tokenFile;
    if (typeof tokenFile !== "string" || user.token) return user;
    return { ...user, authProvider: { name: "tokenFile", config: { tokenFile: resolve(dirname(path), tokenFile) } } };
  });
}

/** Undefined for a Pod's own credential, which client-node reads from its files each minute. */
function stampOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const { mtimeMs, size, ino } = statSync(path);
  return `${mtimeMs} ${size} ${ino}`;
}

function notThere(path: string | undefined, context: string | undefined): string {
  const what = context === undefined ? "no current context" : `no context ${context}`;
  return `The kubeconfig ${path ?? "of the Pod"} has ${what} with a cluster and a user`;
}
