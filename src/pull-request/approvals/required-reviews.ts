import type { HmsConfig } from "../../config/schema.ts";
import { type CodeOwners, ownersOf, readCodeOwners } from "../../gate/gate.ts";
import type { CheckerApproval, RequiredReview } from "../../model/checker-input.ts";
import { CODE_OWNERS_PATHS, matchesPath, type PathPattern, readPattern } from "../../model/path-pattern.ts";
import type { PullRequest } from "../../model/pull-request.ts";
import { GitHubError, type RepositoryApi } from "../../ports/github.ts";

export interface OwnedFiles {
  /** Null where nothing asks for them, or where GitHub does not list them all. */
  changedFiles: string[] | null;
  /** Whom the files need, whoever has approved. */
  demands: Demand[];
  /** What could not be had, one sentence each. */
  unknown: string[];
}

type Demand = Omit<RequiredReview, "approvers">;

/** Everything that the configuration lets somebody in particular approve. Costs calls only where it asks for something. */
export async function readOwnedFiles(
  api: RepositoryApi,
  pull: PullRequest,
  { codeOwners, paths }: HmsConfig["gate"]["approvals"],
): Promise<OwnedFiles> {
  if (!codeOwners && paths.length === 0) return { changedFiles: null, demands: [], unknown: [] };
  const changed = await changedFiles(api, pull);
  if (typeof changed === "string") return { changedFiles: null, demands: [], unknown: [changed] };
  const owned = codeOwners ? await codeOwnerDemands(api, pull, changed) : [];
  return { changedFiles: changed, demands: [...owned, ...pathDemands(changed, paths)], unknown: [] };
}

/** All paths that the pull request touches, old names of moved files included; a sentence where they cannot be told. */
async function changedFiles(api: RepositoryApi, pull: PullRequest): Promise<string[] | string> {
  const { files, complete } = await api.pullFiles(pull);
  if (!complete)
    return `GitHub lists ${files.length} of the ${pull.changedFiles} changed files, so whose review they take cannot be told.`;
  // The list is the pull request's as it is now, which need not be the one that is judged.
  const now = await api.pull(pull.number);
  if (now.headSha !== pull.headSha || now.baseRef !== pull.baseRef)
    return "The pull request changed while its files were read.";
  return [...new Set(files.flatMap(({ path, previousPath }) => (previousPath ? [path, previousPath] : [path])))].sort();
}

/**
 * What CODEOWNERS of the default branch asks for and, where the pull request goes into another branch, what that branch's own asks for besides:
 * the first cannot be got round by a lax branch, and the second is the one that GitHub reads.
 */
async function codeOwnerDemands(api: RepositoryApi, pull: PullRequest, changed: string[]): Promise<Demand[]> {
  const other = pull.baseRef === api.ref.defaultBranch ? [] : [pull.baseSha];
  const demands: Demand[] = [];
  for (const ref of [undefined, ...other]) {
    const found = await codeOwnersAt(api, ref);
    if (typeof found === "string")
      demands.push({ rule: "code-owners", owners: [], count: 1, files: changed, reason: found });
    else if (found) demands.push(...byOwners(found, changed));
  }
  return [...new Map(demands.map((demand) => [JSON.stringify(demand), demand])).values()];
}

/** The first of the places where GitHub looks; undefined when there is none, a reason when it cannot be read. */
async function codeOwnersAt(api: RepositoryApi, ref: string | undefined): Promise<CodeOwners | string | undefined> {
  for (const path of CODE_OWNERS_PATHS) {
    try {
      const text = await api.file(path, ref);
      if (text !== undefined) return readCodeOwners(text);
    } catch (error) {
      // GitHub gives no content beyond 1 MB; by whom such a file lets itself be read is not ours to guess.
      if (error instanceof GitHubError && error.status === 200) return `${path} is too large to be read`;
      throw error;
    }
  }
  return undefined;
}

function byOwners(file: CodeOwners, changed: string[]): Demand[] {
  const demands = new Map<string, Demand>();
  for (const [path, found] of ownersOf(file, changed)) {
    if (found.kind === "none") continue;
    const demand: Demand =
      found.kind === "unknown"
        ? { rule: "code-owners", owners: [], count: 1, files: [], reason: found.reason }
        : { rule: "code-owners", owners: found.owners, count: 1, files: [] };
    const key = JSON.stringify(demand);
    const known = demands.get(key) ?? demand;
    known.files.push(path);
    demands.set(key, known);
  }
  return [...demands.values()];
}

function pathDemands(changed: string[], rules: HmsConfig["gate"]["approvals"]["paths"]): Demand[] {
  return rules.flatMap(({ paths, teams, users, count }): Demand[] => {
    const patterns = paths.map(readPattern).filter((pattern): pattern is PathPattern => pattern !== undefined);
    const files = changed.filter((path) => patterns.some((pattern) => matchesPath(pattern, path)));
    const owners = [...teams, ...users].map((owner) => `@${owner.toLowerCase()}`).sort();
    return files.length > 0 ? [{ rule: "path-approvals", owners, count, files }] : [];
  });
}

/**
 * Which of the approvers are among the owners. Teams are read only where somebody approved and is not named in person; people are told by
 * their ids there, and by the login that they have now where the file names a login.
 */
export async function requiredReviews(
  api: RepositoryApi,
  demands: Demand[],
  approvals: CheckerApproval[],
): Promise<RequiredReview[]> {
  const teams = new Map<string, Promise<ReadonlySet<number> | undefined>>();
  const membersOf = (team: string): Promise<ReadonlySet<number> | undefined> => {
    const known = teams.get(team) ?? readTeam(api, team);
    teams.set(team, known);
    return known;
  };
  return Promise.all(
    demands.map(async (demand): Promise<RequiredReview> => {
      if (demand.reason !== undefined) return { ...demand, approvers: null };
      const approvers = new Set<number>();
      for (const { id, login } of approvals) if (demand.owners.includes(`@${login.toLowerCase()}`)) approvers.add(id);
      const unread: string[] = [];
      for (const team of demand.owners.filter((owner) => owner.includes("/"))) {
        if (approvals.every(({ id }) => approvers.has(id))) break;
        const members = await membersOf(team);
        if (!members) unread.push(team);
        for (const { id } of approvals) if (members?.has(id)) approvers.add(id);
      }
      if (unread.length > 0 && approvers.size < demand.count)
        return { ...demand, approvers: null, reason: `who belongs to ${unread.join(", ")} cannot be read` };
      return { ...demand, approvers: [...approvers].sort((a, b) => a - b) };
    }),
  );
}

/** Undefined where it is not there, not of this organisation, or not ours to see. */
async function readTeam(api: RepositoryApi, team: string): Promise<ReadonlySet<number> | undefined> {
  const [organisation = "", slug = ""] = team.slice(1).split("/");
  if (organisation !== api.ref.owner.toLowerCase()) return undefined;
  try {
    return await api.teamMembers(slug);
  } catch (error) {
    if (error instanceof GitHubError && ["not-found", "forbidden", "refused"].includes(error.fault)) return undefined;
    throw error;
  }
}
