import type { Diagnosis, DiagnosisLevel } from "../model/diagnosis.ts";
import { checkApp, checkInstallations } from "./check-app.ts";
import { checkArgoCd } from "./check-argocd.ts";
import { checkCluster } from "./check-cluster.ts";
import { checkPreview } from "./check-preview.ts";
import { checkProcess } from "./check-process.ts";
import { checkQuality, checkQualityServer } from "./check-quality.ts";
import { checkRepository } from "./check-repository.ts";
import { checkScans } from "./check-scans.ts";
import { checkWebhook } from "./check-webhook.ts";
import { some } from "./cluster-words.ts";
import type { Facts } from "./facts.ts";
import { findingsAt, plain } from "./finding.ts";

/** All that is to be said about the facts, in the order in which one would mend it. */
export function diagnose(facts: Facts): Diagnosis[] {
  const missing = facts.notCovered.map((name) =>
    findingsAt(plain(name)).fail(
      "not-installed",
      "No installation that is served covers this repository: no check will come",
      facts.app.ok ? `${facts.app.value.htmlUrl}/installations/new` : facts.settings.githubWebUrl,
    ),
  );
  const unlisted =
    facts.unlisted === undefined
      ? []
      : [findingsAt("repositories").unknown("repositories", `They could not be listed: ${plain(facts.unlisted)}`)];
  const rest =
    facts.leftOut > 0
      ? [
          findingsAt("repositories").warn(
            "left-out",
            `${facts.leftOut} more repositories were not looked at`,
            "Name them: hms doctor owner/name …",
          ),
        ]
      : [];
  return [
    ...checkProcess(facts),
    ...checkApp(facts),
    ...checkWebhook(facts),
    ...checkInstallations(facts),
    ...checkClusters(facts),
    ...checkQualityServer(facts),
    ...facts.repositories.flatMap((repository) => [
      ...checkRepository(repository, facts),
      ...checkPreview(repository, facts),
      ...checkScans(repository, facts),
      ...checkQuality(repository),
    ]),
    ...unlisted,
    // Where the list is not whole, it proves nothing to be missing.
    ...(facts.unlisted === undefined && facts.installations.ok ? missing : []),
    ...rest,
  ];
}

/** 0: nothing to mend. 1: something is. 2: nothing was found, but not everything could be looked at. */
export function exitCodeOf(findings: readonly Diagnosis[]): 0 | 1 | 2 {
  const has = (level: DiagnosisLevel): boolean => findings.some((finding) => finding.level === level);
  return has("fail") ? 1 : has("unknown") ? 2 : 0;
}

function checkClusters({ clusters }: Facts): Diagnosis[] {
  const at = findingsAt("previews");
  if (clusters === undefined)
    return [at.ok("previews", "Previews are off: neither KUBECONFIG nor HMS_CLUSTERS is set (docs/clusters.md)")];
  if (!clusters.ok)
    return [
      at.fail(
        "previews",
        `The declared clusters cannot be used: ${plain(clusters.problem)}`,
        "Mend KUBECONFIG or HMS_CLUSTERS (docs/clusters.md), then restart the process.",
      ),
    ];
  const { value } = clusters;
  const names = value.clusters.map(({ declared }) => declared.name);
  return [
    at.ok("previews", `Previews are on, with ${names.length === 1 ? "the cluster" : "the clusters"} ${some(names)}`),
    ...value.clusters.flatMap((cluster) => checkCluster(cluster, value)),
    ...checkArgoCd(value),
  ];
}
