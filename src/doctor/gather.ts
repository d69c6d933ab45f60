import type { AppDefinition } from "../config/app-definition.ts";
import { CONFIG_PATH, effectiveConfig } from "../config/effective.ts";
import { githubWebUrl } from "../config/github-web-url.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { type GitHub, GitHubError } from "../ports/github.ts";
import type { InspectedInstallation } from "../ports/inspection.ts";
import { type Asked, asked, mapFew } from "./asked.ts";
import type { Facts, ProcessFacts, RepositoryFacts } from "./facts.ts";
import { gatherClusters } from "./gather-clusters.ts";
import { type PreviewDeps, withPreview } from "./gather-preview.ts";
import { type QualityDeps, qualityAnswers, withQuality } from "./gather-quality.ts";
import { withScans } from "./gather-scans.ts";

const REPOSITORIES_MAX = 50;
const BRANCHES_MAX = 20;
const AT_ONCE = 4;

export interface DoctorDeps {
  github: Pick<GitHub, "inspection" | "deliveries" | "repositories" | "repository" | "workflows">;
  settings: { appId: number; publicUrl: string; githubApiUrl: string; allowedOwners: readonly string[] };
  expected: AppDefinition;
  process(): Promise<ProcessFacts>;
  /** Absent where the operator declared no clusters; rejects where they cannot be connected to as declared. */
  clusters?(): Promise<PreviewDeps["clusters"]>;
  address: PreviewDeps["address"];
  /** Absent where the operator named no SonarQube server. */
  quality?: QualityDeps | undefined;
  /** ms since the epoch. */
  now(): number;
}

/** Reads all that the doctor judges; nothing is written anywhere. `names` are `owner/name`; none: every repository that is served, up to a limit. */
export async function gather(deps: DoctorDeps, names: readonly string[]): Promise<Facts> {
  const { github, settings } = deps;
  const connected = deps.clusters && (await asked(deps.clusters));
  const [process, quality, clusters, clock, app, hook, deliveries, installations] = await Promise.all([
    deps.process(),
    deps.quality && qualityAnswers(deps.quality),
    connected && (connected.ok ? asked(() => gatherClusters(connected.value)) : connected),
    asked(() => clockOf(deps)),
    asked(() => github.inspection.app()),
    asked(() => github.inspection.hook()),
    asked(async () => (await github.deliveries.page()).attempts),
    asked(() => github.inspection.installations()),
  ]);
  const served = (installations.ok ? installations.value : []).filter((one) => isServed(one, settings.allowedOwners));
  const { chosen, notCovered, leftOut, unread } = await chooseRepositories(github, served, names);
  const repositories = await mapFew(chosen, AT_ONCE, async (one) => {
    const own = await repositoryFacts(github, one.installationId, one.repository);
    const facts = await withQuality(await withScans(own, github, one.repository), deps.quality);
    if (!connected?.ok) return facts;
    const { address } = deps;
    return withPreview(facts, { appId: settings.appId, clusters: connected.value, address, repositories: one.beside });
  });
  return {
    nowMs: deps.now(),
    settings: { ...settings, githubWebUrl: githubWebUrl(settings.githubApiUrl) },
    expected: deps.expected,
    process,
    ...(quality === undefined ? {} : { quality }),
    clock,
    app,
    hook,
    deliveries,
    installations,
    repositories,
    clusters,
    unlisted: unread,
    notCovered,
    leftOut,
  };
}

function isServed(one: InspectedInstallation, allowedOwners: readonly string[]): boolean {
  return !one.suspended && (allowedOwners.length === 0 || allowedOwners.includes(one.owner.toLowerCase()));
}

async function clockOf({ github, now }: DoctorDeps): Promise<{ aheadMs: number; exactToMs: number }> {
  const { atMs, tookMs } = await github.inspection.time();
  // The answer was written somewhere within the time that it took, and says whole seconds only.
  return { aheadMs: now() - tookMs / 2 - (atMs + 500), exactToMs: tookMs / 2 + 500 };
}

async function chooseRepositories(
  github: DoctorDeps["github"],
  served: readonly InspectedInstallation[],
  names: readonly string[],
): Promise<{
  chosen: { installationId: number; repository: RepositoryRef; beside: readonly RepositoryRef[] }[];
  notCovered: string[];
  leftOut: number;
  unread: string | undefined;
}> {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const owners = new Set([...wanted].map((name) => name.split("/")[0]));
  const relevant = names.length === 0 ? served : served.filter(({ owner }) => owners.has(owner.toLowerCase()));
  const lists = await mapFew(relevant, AT_ONCE, async ({ id }) => ({
    id,
    list: await asked(() => github.repositories(id)),
  }));
  const failed = lists.find(({ list }) => !list.ok)?.list;
  const all = lists.flatMap(({ id, list }) =>
    list.ok ? list.value.map((repository) => ({ installationId: id, repository, beside: list.value })) : [],
  );
  const fullName = ({ owner, name }: RepositoryRef): string => `${owner}/${name}`.toLowerCase();
  const matching = names.length === 0 ? all : all.filter(({ repository }) => wanted.has(fullName(repository)));
  const found = new Set(matching.map(({ repository }) => fullName(repository)));
  const chosen = names.length === 0 ? matching.slice(0, REPOSITORIES_MAX) : matching;
  return {
    chosen,
    notCovered: names.filter((name) => !found.has(name.toLowerCase())),
    leftOut: matching.length - chosen.length,
    unread: failed && !failed.ok ? failed.problem : undefined,
  };
}

async function repositoryFacts(
  github: DoctorDeps["github"],
  installationId: number,
  repository: RepositoryRef,
): Promise<RepositoryFacts> {
  const { owner, name, defaultBranch } = repository;
  const [configuration, named] = await Promise.all([
    asked(async () => {
      const own = await github.repository(installationId, repository).file(CONFIG_PATH);
      if (name === ".github") return effectiveConfig(undefined, own, "organisation");
      return effectiveConfig(await organisationText(github, installationId, owner), own, "repository");
    }),
    asked(() => github.inspection.protectedBranches(installationId, repository)),
  ]);
  const others = (named.ok ? named.value.names : []).filter((branch) => branch !== defaultBranch);
  const wanted = [defaultBranch, ...others].slice(0, BRANCHES_MAX);
  const branches: Asked<RepositoryFacts["branches"] extends Asked<infer T> ? T : never> = named.ok
    ? await asked(() =>
        mapFew(wanted, AT_ONCE, (branch) => github.inspection.branch(installationId, repository, branch)),
      )
    : named;
  const moreBranches = named.ok && (!named.value.complete || others.length + 1 > wanted.length);
  return {
    owner,
    name,
    defaultBranch,
    installationId,
    repositoryId: repository.id,
    configuration,
    branches,
    moreBranches,
  };
}

/** As the gate reads it: an organisation without the repository or the file has nothing to say. */
async function organisationText(
  github: DoctorDeps["github"],
  installationId: number,
  owner: string,
): Promise<string | undefined> {
  try {
    return await github
      .repository(installationId, { id: 0, owner, name: ".github", defaultBranch: "" })
      .file(CONFIG_PATH);
  } catch (error) {
    if (error instanceof GitHubError && (error.fault === "not-found" || error.fault === "refused")) return undefined;
    throw error;
  }
}
