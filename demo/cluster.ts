import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { SimulatedCluster } from "../test/stage/simulated-cluster.ts";

/** What previews are made of, by where the API server lists it. What runs in a namespace counts whatever its labels. */
const LISTS = [
  "/api/v1/namespaces",
  "/api/v1/resourcequotas",
  "/api/v1/limitranges",
  "/api/v1/serviceaccounts",
  "/api/v1/secrets",
  "/api/v1/configmaps",
  "/api/v1/pods",
  "/apis/apps/v1/deployments",
  "/apis/networking.k8s.io/v1/networkpolicies",
  "/apis/rbac.authorization.k8s.io/v1/rolebindings",
  "/apis/argoproj.io/v1alpha1/applications",
  "/apis/argoproj.io/v1alpha1/applicationsets",
  "/apis/argoproj.io/v1alpha1/appprojects",
];

interface Listed {
  kind: string;
  metadata: { name: string; namespace?: string; uid: string; labels?: Record<string, string> };
}

/** Everything of one pull request's preview, as the cluster's administrator lists it. */
export async function everythingOf(
  { cluster }: SimulatedCluster,
  { repositoryId, number }: { repositoryId: number; number: number },
): Promise<Listed[]> {
  const listed = await Promise.all(LISTS.map((path) => list(cluster, path)));
  const all = listed.flat();
  const labelled = all.filter(({ metadata: { labels } }) => {
    const of = [labels?.["hms-sys.dev/repository"], labels?.["hms-sys.dev/pull"]];
    return of[0] === String(repositoryId) && of[1] === String(number);
  });
  const namespaces = labelled.map(({ metadata: { name } }) => name);
  const inside = all.filter(({ metadata: { namespace } }) => namespace !== undefined && namespaces.includes(namespace));
  return [...new Set([...labelled, ...inside])];
}

async function list({ url, tokens }: SimulatedCluster["cluster"], path: string): Promise<Listed[]> {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${tokens.admin}` } });
  if (!response.ok) throw new Error(`the cluster answered ${response.status} to GET ${path}`);
  const { kind, items } = (await response.json()) as { kind: string; items: Omit<Listed, "kind">[] };
  return items.map((item) => ({ ...item, kind: kind.replace(/List$/, "") }));
}

/** What somebody sees who opens the address. Browsers know that names below `localhost` are this machine; `fetch` asks a resolver. */
export async function opened(address: string): Promise<{ status: number; says: string }> {
  const { host, port } = new URL(address);
  const asked = get({ host: "127.0.0.1", port, headers: { host } });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, says: (await text(response)).trim() };
}
