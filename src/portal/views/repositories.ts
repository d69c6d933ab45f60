import type { RepositoryRef } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import { repositoryStream } from "../../ports/ledger.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";

export interface SeenRepository {
  installationId: number;
  ref: RepositoryRef;
}

/** Every repository that the viewer sees, by full name. One that they do not see is nowhere, also not in a count. */
export async function seenRepositories(deps: ViewDeps, viewer: Viewer): Promise<SeenRepository[]> {
  const records = await deps.engine.records.list<RepositoryRef>(storageKey.everyRepository);
  return records
    .map(({ key, value }) => ({ installationId: Number(key.split("/")[1]), ref: value }))
    .filter(({ installationId, ref }) => viewer.sees(installationId, ref.id))
    .sort((a, b) => compare(fullName(a.ref), fullName(b.ref)) || a.installationId - b.installationId);
}

/** Names are compared as GitHub does, without regard to case. Undefined for one that is not there and for one that the viewer does not see. */
export async function seenRepository(
  deps: ViewDeps,
  viewer: Viewer,
  owner: string,
  repository: string,
): Promise<SeenRepository | undefined> {
  const wanted = `${owner}/${repository}`.toLowerCase();
  return (await seenRepositories(deps, viewer)).find(({ ref }) => fullName(ref) === wanted);
}

/** Lower-case `owner/name`: what lists are sorted by. */
export function fullName(ref: Pick<RepositoryRef, "owner" | "name">): string {
  return `${ref.owner}/${ref.name}`.toLowerCase();
}

/** The repository that a ledger stream is of; undefined for an installation's. */
export function repositoryOfStream(stream: string): { installationId: number; repositoryId: number } | undefined {
  const [, installationId, repositoryId] = /^repository\/(\d+)\/(\d+)$/.exec(stream) ?? [];
  return installationId === undefined
    ? undefined
    : { installationId: Number(installationId), repositoryId: Number(repositoryId) };
}

export function streamOf({ installationId, ref }: SeenRepository): string {
  return repositoryStream({ installationId, repositoryId: ref.id });
}

/**
 * Which streams somebody sees: those of repositories that they see, and an installation's where they are an auditor of the owner of a repository in
 * it that they see.
 */
export async function seenStreams(deps: ViewDeps, viewer: Viewer): Promise<string[]> {
  const sees = await streamSight(deps, viewer);
  return (await deps.engine.ledger.streams()).filter(sees);
}

/** The same as a question about one stream, as things are now. */
export async function streamSight(deps: ViewDeps, viewer: Viewer): Promise<(stream: string) => boolean> {
  return sightOver(viewer, await seenRepositories(deps, viewer));
}

/** The same by repositories that were read before. */
export function sightOver(viewer: Viewer, repositories: readonly SeenRepository[]): (stream: string) => boolean {
  const audited = new Set(
    repositories
      .filter(({ installationId, ref }) => viewer.sees(installationId, ref.id) && viewer.has("auditor", ref.owner))
      .map(({ installationId }) => `installation/${installationId}`),
  );
  return (stream) => {
    const repository = repositoryOfStream(stream);
    return repository === undefined
      ? audited.has(stream)
      : viewer.sees(repository.installationId, repository.repositoryId);
  };
}

/** The viewer as far as they are an auditor: the role is given for each owner, and seeing a repository is not auditing it. */
export async function auditing(deps: ViewDeps, viewer: Viewer): Promise<Viewer> {
  return auditingOver(viewer, await seenRepositories(deps, viewer));
}

function auditingOver(viewer: Viewer, repositories: readonly SeenRepository[]): Viewer {
  const audited = new Set<string>();
  for (const { installationId, ref } of repositories) {
    if (viewer.sees(installationId, ref.id) && viewer.has("auditor", ref.owner))
      audited.add(`${installationId}/${ref.id}`);
  }
  const { still } = viewer;
  return {
    kind: viewer.kind,
    login: viewer.login,
    sees: (installationId, repositoryId) => audited.has(`${installationId}/${repositoryId}`),
    has: (role, owner) => viewer.has(role, owner),
    ...(still && {
      still: async () => {
        const now = await still();
        return now && auditingOver(now, repositories);
      },
    }),
  };
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
