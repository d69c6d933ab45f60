import type { Inventory } from "../../config/clusters.ts";
import type { PreviewConfig } from "../../config/preview.ts";
import type { PreviewReason, PreviewRecord } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import { type Cluster, ClusterError } from "../../ports/cluster.ts";
import { SecretError } from "../../ports/secrets.ts";
import { hostsOf, type PreviewPlan, placePreview, urlOf } from "../../preview/preview.ts";
import type { PreviewGrounds } from "./deps.ts";
import type { PreviewScene } from "./scene.ts";

type Planned = { plan: PreviewPlan; thought?: Record<string, unknown> } | { refused: PreviewReason };

/** All that the objects of the preview follow from: where it is placed, its address, its source, and what may be read with whose credentials. */
export async function planPreview(
  scene: PreviewScene,
  grounds: PreviewGrounds,
  config: PreviewConfig,
  { awake, source }: { awake: boolean; source: { revision: string; tools: NonNullable<PreviewPlan["tools"]> } },
): Promise<Planned> {
  const { deps, api, pull, owner, slug, before } = scene;
  const { inventory } = grounds;
  const repository = `${api.ref.owner}/${api.ref.name}`.toLowerCase();
  const placed = placePreview({
    placement: config.placement,
    inventory,
    repository,
    fork: pull.fork,
    load: await loadOf(scene),
    before: (before?.made ?? []).map((one) => one.cluster),
  });
  if ("refused" in placed) return placed;
  const address = addressOf(
    scene,
    config,
    placed.clusters.map(({ name }) => name),
    inventory,
  );
  if ("refused" in address) return address;
  const credentials = pull.fork ? {} : await credentialsOf(grounds, repository);
  if ("refused" in credentials) return credentials;
  return {
    plan: {
      owner,
      slug,
      sha: pull.headSha,
      fork: pull.fork,
      // What was inspected, and nothing else: a branch may have moved since.
      source: {
        repoUrl: `${deps.githubWebUrl}/${config.source?.repository ?? `${api.ref.owner}/${api.ref.name}`}.git`,
        revision: source.revision,
      },
      tools: source.tools,
      config,
      url: address.url,
      hosts: address.hosts,
      places: await Promise.all(
        placed.clusters.map(async (cluster) => ({
          place: { cluster: cluster.name, namespace: slug, argocd: inventory.argocd },
          cluster,
          ...(await userOn(grounds.clusters.cluster(cluster.name))),
        })),
      ),
      inventory,
      credentials,
      awake,
    },
    ...(placed.thought ? { thought: placed.thought } : {}),
  };
}

/** Where people find it, and all hosts that its Ingresses may name. The first component on the first cluster is the one that is linked to. */
function addressOf(
  { pull, slug }: PreviewScene,
  config: PreviewConfig,
  clusters: string[],
  { hosts: allowed }: Inventory,
): { url: string | undefined; hosts: string[] } | { refused: PreviewReason } {
  if (config.url === undefined) return { url: undefined, hosts: [] };
  const components = config.components.map(({ name }) => name);
  const [component, cluster] = [components[0], clusters[0]];
  const values = { slug, number: pull.number, ...(component ? { component } : {}), ...(cluster ? { cluster } : {}) };
  const first = urlOf(config.url, values, allowed);
  const all = hostsOf(config.url, { slug, number: pull.number, components, clusters }, allowed);
  if ("refused" in first || "refused" in all) {
    const message = "refused" in first ? first.refused : "refused" in all ? all.refused : "";
    return { refused: { cause: "config", message, awaits: "people" } };
  }
  return { url: first.url, hosts: all.hosts };
}

const users = new WeakMap<Cluster, string>();

/** Who HMS-SYS is there, asked once; while the cluster does not say it is taken to be who the shipped manifests make it. */
async function userOn(cluster: Cluster | undefined): Promise<{ user?: string }> {
  if (!cluster) return {};
  try {
    const user = users.get(cluster) ?? (await cluster.whoAmI());
    users.set(cluster, user);
    return { user };
  } catch (error) {
    if (error instanceof ClusterError) return {};
    throw error;
  }
}

/** How many previews of all repositories run on each cluster. */
async function loadOf({ deps, key }: PreviewScene): Promise<Map<string, number>> {
  const own = storageKey.preview(key.installationId, key.repositoryId, key.number);
  const load = new Map<string, number>();
  for (const { key: at, value } of await deps.engine.records.list<PreviewRecord>(storageKey.allPreviews()))
    if (at !== own) for (const { cluster } of value.made) load.set(cluster, (load.get(cluster) ?? 0) + 1);
  return load;
}

/** The operator's credentials for this repository; never asked for where a fork's code would run with them. */
export async function credentialsOf(
  { inventory, secrets }: { inventory: Inventory; secrets: PreviewGrounds["secrets"] },
  repository: string,
): Promise<PreviewPlan["credentials"] | { refused: PreviewReason }> {
  const owner = repository.slice(0, repository.indexOf("/"));
  const found = inventory.credentials.find(({ repositories }) =>
    repositories.some((one) => one === repository || one === `${owner}/*`),
  );
  if (!found) return {};
  try {
    const resolved = async <T extends { username: string; password: string }>(one: T): Promise<T> => ({
      ...one,
      username: await secrets.resolve(one.username),
      password: await secrets.resolve(one.password),
    });
    return {
      ...(found.git ? { git: await resolved(found.git) } : {}),
      ...(found.images ? { images: await Promise.all(found.images.map(resolved)) } : {}),
    };
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    return { refused: { cause: "credentials", message: error.message, awaits: "people" } };
  }
}
