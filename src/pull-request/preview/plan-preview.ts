import type { Inventory } from "../../config/clusters.ts";
import type { PreviewConfig } from "../../config/preview.ts";
import type { PreviewReason, PreviewRecord } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import { type Cluster, ClusterError } from "../../ports/cluster.ts";
import type { Records } from "../../ports/records.ts";
import { SecretError } from "../../ports/secrets.ts";
import { hostsOf, type Placed, type PreviewPlan, placePreview, urlOf } from "../../preview/preview.ts";
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
  const { deps, api, pull, owner, slug } = scene;
  const { inventory } = grounds;
  const repository = `${api.ref.owner}/${api.ref.name}`.toLowerCase();
  const placed = await placedWithin(scene, config, inventory, repository);
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

/** Where it goes. Clusters are counted anew only where one is to be chosen by it, or may be too full: all previews' records are read for that. */
async function placedWithin(
  { deps, key, pull, before, nowMs }: PreviewScene,
  { placement }: PreviewConfig,
  inventory: Inventory,
  repository: string,
): Promise<Placed> {
  const there = (before?.made ?? []).map((one) => one.cluster);
  const question = { placement, inventory, repository, fork: pull.fork, before: there };
  const roughly = placePreview({ ...question, load: await roughLoad(deps.engine.records, nowMs) });
  if ("clusters" in roughly) {
    const { clusters, thought } = roughly;
    // A cluster that it is on is never too full for it, and never left for an emptier one.
    const stays = clusters.every(({ name }) => there.includes(name));
    const free = thought.options.length === 1 && thought.options[0]?.facts.capacity === undefined;
    if (stays || free) return roughly;
  }
  const own = storageKey.preview(key.installationId, key.repositoryId, key.number);
  return placePreview({ ...question, load: await loadOf(deps.engine.records, own) });
}

/** How many previews of all repositories run on each cluster. */
async function loadOf(records: Records, except?: string): Promise<Map<string, number>> {
  const load = new Map<string, number>();
  for (const { key, value } of await records.list<PreviewRecord>(storageKey.allPreviews()))
    if (key !== except) for (const { cluster } of value.made) load.set(cluster, (load.get(cluster) ?? 0) + 1);
  return load;
}

const ROUGHLY_FOR_MS = 10_000;
const loads = new WeakMap<Records, { atMs: number; load: Map<string, number> }>();

/** As it was moments ago, the preview that asks included: to be told as a fact, not to choose by. */
async function roughLoad(records: Records, nowMs: number): Promise<Map<string, number>> {
  const known = loads.get(records);
  if (known && nowMs >= known.atMs && nowMs - known.atMs < ROUGHLY_FOR_MS) return known.load;
  const load = await loadOf(records);
  loads.set(records, { atMs: nowMs, load });
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
