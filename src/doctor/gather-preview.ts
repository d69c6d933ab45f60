import type { Inventory } from "../config/clusters.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import type { Clusters } from "../ports/cluster.ts";
import { placePreview, slugOf, urlOf } from "../preview/preview.ts";
import { previewOf } from "./check-preview.ts";
import type { AddressFacts, PreviewFacts } from "./cluster-facts.ts";
import type { RepositoryFacts } from "./facts.ts";

export interface PreviewDeps {
  appId: number;
  clusters: { inventory: Inventory; clusters: Clusters };
  /** Looks a preview's address up as its readiness probe would, and asks nobody there. */
  address(url: string): Promise<AddressFacts>;
  /** All that the installation sees. */
  repositories: readonly RepositoryRef[];
}

/** A repository with what its previews need from outside: the name of an address, the repository of its manifests. */
export async function withPreview(facts: RepositoryFacts, deps: PreviewDeps): Promise<RepositoryFacts> {
  const preview = previewOf(facts);
  if (!preview) return facts;
  const { inventory } = deps.clusters;
  const found: PreviewFacts = {};
  if (preview.source) {
    const wanted = preview.source.repository.toLowerCase();
    const value = deps.repositories.some(({ owner, name }) => `${owner}/${name}`.toLowerCase() === wanted);
    found.sourceSeen = { ok: true, value };
  }
  const placed = placePreview({
    placement: preview.placement,
    inventory,
    repository: `${facts.owner}/${facts.name}`.toLowerCase(),
    fork: false,
    load: new Map(),
    before: [],
  });
  if (preview.url === undefined || "refused" in placed) return { ...facts, preview: found };
  const { installationId, repositoryId } = facts;
  const first = { component: preview.components[0]?.name, cluster: placed.clusters[0]?.name };
  const made = urlOf(
    preview.url,
    {
      slug: slugOf({ appId: deps.appId, installationId, repositoryId, number: 1 }, facts.name),
      number: 1,
      ...(first.component === undefined ? {} : { component: first.component }),
      ...(first.cluster === undefined ? {} : { cluster: first.cluster }),
    },
    inventory.hosts,
  );
  if ("refused" in made) return { ...facts, preview: found };
  return { ...facts, preview: { ...found, sample: { ...made, address: await deps.address(made.url) } } };
}
