import type { PreviewConfig } from "../config/preview.ts";
import type { Diagnosis } from "../model/diagnosis.ts";
import { hostsOf, isAllowedHost, placePreview } from "../preview/preview.ts";
import { refusesHost, textsIn, variableOf } from "./check-fences.ts";
import type { ClusterFacts, ClustersFacts } from "./cluster-facts.ts";
import { some } from "./cluster-words.ts";
import type { Facts, RepositoryFacts } from "./facts.ts";
import { findingsAt, plain } from "./finding.ts";

/** A slug as it could be, and what it may be. */
const SAMPLE_SLUG = "pr-sample-1-00000000";
const ANY_SLUG = "pr-[a-z0-9-]{1,42}";

type At = ReturnType<typeof findingsAt>;

/** What a repository's previews need of the clusters: places, sources, addresses. */
export function checkPreview(repository: RepositoryFacts, facts: Facts): Diagnosis[] {
  const { configuration, owner, name, installationId, repositoryId } = repository;
  const preview = previewOf(repository);
  if (!configuration.ok || !preview) return [];
  const at = findingsAt(`${owner}/${name}`, { owner, installationId, repositoryId });
  if (!facts.clusters)
    return [
      at.warn(
        "preview",
        "hms.yml describes previews, but no cluster is declared: they are off",
        "Set KUBECONFIG or HMS_CLUSTERS (docs/clusters.md), or take preview out of hms.yml.",
      ),
    ];
  if (!facts.clusters.ok) return [at.unknown("preview", "The clusters could not be looked at")];
  const clusters = facts.clusters.value;
  const placed = placePreview({
    placement: preview.placement,
    inventory: clusters.inventory,
    repository: `${owner}/${name}`.toLowerCase(),
    fork: false,
    load: new Map(),
    before: [],
  });
  if ("refused" in placed)
    return [
      at.fail(
        "preview",
        `No preview has a place: ${plain(placed.refused.message)}`,
        "Change preview.placement in hms.yml, or repositories of a cluster in HMS_CLUSTERS.",
      ),
    ];
  const names = placed.clusters.map((one) => one.name);
  return [
    at.ok("preview", `Previews have a place: ${some(names)}`),
    ...checkSource(at, preview, repository, clusters, facts),
    ...checkUrl(at, preview, repository, clusters, names),
    ...checkCollisions(at, preview, { repository, facts, clusters, names }),
  ];
}

export function previewOf({ configuration }: RepositoryFacts): PreviewConfig | undefined {
  return configuration.ok && configuration.value.valid ? configuration.value.config.preview : undefined;
}

function checkSource(
  at: At,
  { source }: PreviewConfig,
  { owner, name, preview }: RepositoryFacts,
  { inventory, clusters }: ClustersFacts,
  { settings }: Facts,
): Diagnosis[] {
  const findings: Diagnosis[] = [];
  const from = source?.repository ?? `${owner}/${name}`;
  if (source) {
    const listed = inventory.deployRepositories.find(
      ({ repository }) => repository.toLowerCase() === source.repository.toLowerCase(),
    );
    const seen = preview?.sourceSeen;
    if (!listed?.usedBy.includes(`${owner}/${name}`.toLowerCase()))
      findings.push(
        at.fail(
          "preview-source",
          `The manifests lie in ${plain(from)}, which the operator gives to no preview of this repository`,
          "Add it to deploy_repositories in HMS_CLUSTERS, with this repository in used_by.",
        ),
      );
    else if (seen === undefined || !seen.ok)
      findings.push(at.unknown("preview-source", `Whether the installation sees ${plain(from)} could not be asked`));
    else if (!seen.value)
      findings.push(
        at.fail(
          "preview-source",
          `The manifests lie in ${plain(from)}, which the installation does not see`,
          `Add it to the repositories of the installation: ${settings.githubWebUrl}/settings/installations`,
        ),
      );
  }
  const beside = clusters.find(({ besideArgoCd }) => besideArgoCd)?.policies;
  const list = beside?.ok ? variableOf(beside.value.get("hms-self-argocd"), "sources") : undefined;
  const sources = list === undefined ? undefined : textsIn(list);
  const url = `${settings.githubWebUrl}/${from}.git`;
  if (sources && sources.length > 0 && !sources.some((start) => url.startsWith(start)))
    findings.push(
      at.fail(
        "preview-source",
        `The admission policy hms-self-argocd lets no preview be made from ${plain(url)}`,
        "Add the beginning of the address to its variable sources, in your overlay.",
      ),
    );
  return findings.length > 0 ? findings : [at.ok("preview-source", `Manifests come from ${plain(from)}`)];
}

function checkUrl(
  at: At,
  { url, components }: PreviewConfig,
  { preview }: RepositoryFacts,
  facts: ClustersFacts,
  names: readonly string[],
): Diagnosis[] {
  if (url === undefined) return [];
  const inventory = facts.inventory;
  const componentNames = components.map(({ name }) => name);
  const hosts = hostsOf(
    url,
    { slug: SAMPLE_SLUG, number: 1, components: componentNames, clusters: names },
    inventory.hosts,
  );
  if ("refused" in hosts)
    return [
      at.fail(
        "preview-url",
        `preview.url cannot be used: ${plain(hosts.refused)}`,
        "Change it in hms.yml, or add the host to hosts in HMS_CLUSTERS.",
      ),
    ];
  const fenced = facts.clusters
    .filter(({ declared }) => names.includes(declared.name))
    .filter((cluster) => hosts.hosts.some((host) => refusesHost(cluster, facts, host)));
  if (fenced.length > 0)
    return [
      at.fail(
        "preview-url",
        `The admission policy hms-self-namespaces of ${some(fenced.map(({ declared }) => declared.name))} refuses the hosts of preview.url`,
        "Add their ending to its variable domains, in your overlay.",
      ),
    ];
  return checkAddress(at, preview?.sample, inventory.hosts);
}

function checkAddress(
  at: At,
  sample: NonNullable<RepositoryFacts["preview"]>["sample"],
  hosts: readonly string[],
): Diagnosis[] {
  if (!sample) return [at.unknown("preview-url", "The name of its address could not be looked up")];
  const { address } = sample;
  const host = plain(sample.host);
  if ("unknown" in address)
    return [at.unknown("preview-url", `The name ${host} could not be looked up: ${plain(address.unknown)}`)];
  if (!address.found)
    return [
      at.fail(
        "preview-url",
        `The name ${host}, such as a preview would have, is not in the DNS: no preview with this URL becomes healthy`,
        `Point a wildcard at your ingress controller: *.${host.split(".").slice(1).join(".")}`,
      ),
    ];
  if (address.refused === undefined) return [at.ok("preview-url", `Previews answer at addresses such as ${host}`)];
  const inside = hosts.length > 0 && isAllowedHost(sample.host, hosts);
  return [
    at.fail(
      "preview-url",
      `HMS-SYS would not ask there whether a preview is ready: ${plain(address.refused)}`,
      inside
        ? "Add the host to HMS_EGRESS_ALLOW: addresses of this machine and of cloud metadata need it by name."
        : "List the hosts of previews in hosts of HMS_CLUSTERS, which may lie in a private network, or name the host in HMS_EGRESS_ALLOW.",
    ),
  ];
}

/** Whose host it is, if it is not this preview's alone. */
function checkCollisions(
  at: At,
  { url }: PreviewConfig,
  of: { repository: RepositoryFacts; facts: Facts; clusters: ClustersFacts; names: readonly string[] },
): Diagnosis[] {
  if (url === undefined) return [];
  const { repository, facts, clusters, names } = of;
  const findings: Diagnosis[] = [];
  if (names.length > 1 && !hostIn(url).includes("{{cluster}}"))
    findings.push(
      at.warn(
        "preview-hosts",
        `A preview has the same host on each of ${some(names)}: the DNS leads to one of them`,
        "Put {{cluster}} into the host of preview.url.",
      ),
    );
  // A slug is one repository's, a number everybody's.
  if (!hostIn(url).includes("{{slug}}")) {
    const same = facts.repositories
      .filter((other) => other !== repository)
      .filter((other) => hostIn(previewOf(other)?.url ?? "") === hostIn(url)).length;
    if (same > 0)
      findings.push(
        at.fail(
          "preview-hosts",
          `Its previews have the same hosts as those of ${same === 1 ? "another repository" : `${same} other repositories`}: a pull request of the same number gets the other's traffic`,
          "Put {{slug}} into the host of preview.url, which no two previews share.",
        ),
      );
  }
  const pattern = patternOf(url);
  for (const { declared, hosts } of clusters.clusters.filter((one) => names.includes(one.declared.name))) {
    if (!hosts.ok) {
      findings.push(
        at.unknown(
          "preview-hosts",
          `Whether hosts collide on ${plain(declared.name)} could not be looked at: ${plain(hosts.problem)}`,
        ),
      );
      continue;
    }
    const taken = takenHosts(hosts.value, pattern);
    if (taken.length > 0)
      findings.push(
        at.fail(
          "preview-hosts",
          `On ${plain(declared.name)} Ingresses outside of a preview, or of two, have hosts of its previews: ${some(taken)}`,
          "Take the host from the other Ingress, or change preview.url.",
        ),
      );
  }
  return findings.length > 0 ? findings : [at.ok("preview-hosts", "Nobody else has the hosts of its previews")];
}

function hostIn(url: string): string {
  return /^https?:\/\/([^/:]+)/.exec(url)?.[1] ?? "";
}

function patternOf(url: string): RegExp {
  const marks: Record<string, string> = { slug: ANY_SLUG, number: "[0-9]{1,10}" };
  const parts = hostIn(url).split(/\{\{(\w+)\}\}/);
  const text = parts.map((part, at) =>
    at % 2 === 0 ? part.replace(/[^a-z0-9-]/g, "\\$&") : (marks[part] ?? "[a-z0-9-]{1,63}"),
  );
  return new RegExp(`^${text.join("")}$`);
}

const PREVIEW_NAMESPACE = /^pr-[a-z0-9-]*[0-9]+-[0-9a-f]{8}$/;

function takenHosts(all: Extract<ClusterFacts["hosts"], { ok: true }>["value"], pattern: RegExp): string[] {
  const namespaces = new Map<string, Set<string>>();
  for (const { host, namespace } of all) {
    if (host.length > 253 || !pattern.test(host)) continue;
    namespaces.set(host, (namespaces.get(host) ?? new Set()).add(namespace));
  }
  return [...namespaces].flatMap(([host, where]) => {
    const others = [...where].filter((namespace) => !PREVIEW_NAMESPACE.test(namespace));
    if (others.length === 0 && where.size < 2) return [];
    return [`${host} (${[...where].join(", ")})`];
  });
}
