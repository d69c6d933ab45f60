import { join } from "node:path";
import { commitFiles } from "../commits.ts";
import { isAncestor } from "../git/graph.ts";
import type { FileContent } from "../git/object-store.ts";
import { GitRepository, type Network } from "../git/repository.ts";
import type { BranchProtection, MergeQueueParameters } from "../protection-state.ts";
import { moveBranch } from "../push.ts";
import { accountShape } from "../shapes/account.ts";
import { fullRepositoryShape } from "../shapes/repository.ts";
import { newNetwork, type Site } from "../site.ts";
import { type Account, fullName, type Repository, type Role } from "../state.ts";
import { accountNamed, type RepositoryRef, repositoryNamed } from "./lookup.ts";

export type RepositoryHandle = {
  id: number;
  owner: string;
  name: string;
  fullName: string;
  defaultBranch: string;
  cloneUrl: string;
};

export type CommitOptions = {
  /** Path → what it becomes. */
  files: Record<string, FileContent>;
  author: string;
  message: string;
  /** Branch or SHA that a new branch starts from. */
  from?: string;
  committedAt?: Date;
};

export type ProtectOptions = {
  requiredChecks?: { context: string; appId?: number }[];
  strict?: boolean;
  /** Approvals asked for. */
  reviews?: number;
  dismissStale?: boolean;
  enforceAdmins?: boolean;
  /** Through a ruleset only: merges go through a queue. What is left out is as GitHub proposes it. */
  mergeQueue?: Partial<MergeQueueParameters>;
};

/** Repositories and what people do in them with git. */
export function repositoryAdministration(site: Site) {
  return {
    async createRepository(
      owner: string,
      name: string,
      options: {
        files?: Record<string, FileContent>;
        private?: boolean;
        defaultBranch?: string;
        committedAt?: Date;
      } = {},
    ): Promise<RepositoryHandle> {
      const repository = newRepository(site, accountNamed(site, owner), name, newNetwork(site), options);
      const author = authorFor(site, repository);
      const files = options.files ?? { "README.md": `# ${name}\n` };
      const committedAt = options.committedAt;
      await commitFiles(site, repository, repository.defaultBranch, {
        files,
        author,
        message: "Initial commit",
        ...(committedAt ? { committedAt } : {}),
      });
      return handle(site, repository);
    },

    /** A fork in `login`'s name, with all branches. */
    async fork(ref: RepositoryRef, login: string, name?: string): Promise<RepositoryHandle> {
      const parent = repositoryNamed(site, ref);
      const owner = accountNamed(site, login);
      const options = { private: parent.private, defaultBranch: parent.defaultBranch, parent };
      const repository = newRepository(site, owner, name ?? parent.name, parent.git.network, options);
      for (const branch of parent.git.list("refs/heads/")) repository.git.setRef(branch.ref, branch.sha);
      parent.forks += 1;
      const forkee = fullRepositoryShape(site.url, site.state, repository);
      site.webhooks.emit(parent, "fork", owner, { forkee: { ...forkee, public: !repository.private } });
      return handle(site, repository);
    },

    /** A person commits and pushes. Returns the new SHA. */
    commit(ref: RepositoryRef, branch: string, options: CommitOptions): Promise<string> {
      const repository = repositoryNamed(site, ref);
      const author = accountNamed(site, options.author);
      return repository.git.exclusively(() => commitFiles(site, repository, branch, { ...options, author }));
    },

    /** Moves a branch to a commit that is there; refuses what is no fast-forward unless forced. */
    push(ref: RepositoryRef, branch: string, sha: string, options: { by: string; force?: boolean }): Promise<void> {
      const repository = repositoryNamed(site, ref);
      const by = accountNamed(site, options.by);
      return repository.git.exclusively(async () => {
        const before = repository.git.branch(branch);
        if (!(await repository.git.network.store.commit(sha))) throw new Error(`no commit ${sha}`);
        if (before && !options.force && !(await reaches(repository, before, sha)))
          throw new Error("not a fast-forward; use force");
        await moveBranch(site, repository, branch, sha, by);
      });
    },

    deleteBranch(ref: RepositoryRef, branch: string, by: string): Promise<void> {
      const repository = repositoryNamed(site, ref);
      return repository.git.exclusively(() => moveBranch(site, repository, branch, undefined, accountNamed(site, by)));
    },

    /** The SHA of a branch, or of any ref given in full. */
    refSha(ref: RepositoryRef, name: string): string | undefined {
      const { git } = repositoryNamed(site, ref);
      return git.branch(name) ?? git.ref(name);
    },

    /** `null` removes the collaborator. */
    setCollaborator(ref: RepositoryRef, login: string, role: Role | null): void {
      const repository = repositoryNamed(site, ref);
      const account = accountNamed(site, login);
      const before = repository.collaborators.get(account.id);
      if (role) repository.collaborators.set(account.id, role);
      else repository.collaborators.delete(account.id);
      const action = !role ? "removed" : before ? "edited" : "added";
      const changes = role
        ? {
            changes: before
              ? { permission: { from: before, to: role }, old_permission: { from: before } }
              : { permission: { to: role } },
          }
        : {};
      site.webhooks.emit(repository, "member", repository.owner, {
        action,
        member: accountShape(site.url, account),
        ...changes,
      });
    },

    /** Branch protection, as `PUT …/protection` would set it. */
    protect(ref: RepositoryRef, branch: string, options: ProtectOptions): void {
      repositoryNamed(site, ref).protections.set(branch, protectionOf(branch, options));
    },

    unprotect(ref: RepositoryRef, branch: string): void {
      repositoryNamed(site, ref).protections.delete(branch);
    },

    /** The same through a ruleset on the branch. Returns its id. */
    protectByRuleset(ref: RepositoryRef, branch: string, options: ProtectOptions & { name?: string }): number {
      const repository = repositoryNamed(site, ref);
      const now = site.now();
      const id = site.state.nextId();
      repository.rulesets.push({
        id,
        name: options.name ?? `rules for ${branch}`,
        target: "branch",
        enforcement: "active",
        include: [`refs/heads/${branch}`],
        exclude: [],
        rules: [
          ...(options.requiredChecks
            ? [
                {
                  type: "required_status_checks" as const,
                  parameters: {
                    strict_required_status_checks_policy: options.strict ?? false,
                    required_status_checks: options.requiredChecks.map(({ context, appId }) => ({
                      context,
                      ...(appId ? { integration_id: appId } : {}),
                    })),
                  },
                },
              ]
            : []),
          ...(options.mergeQueue
            ? [{ type: "merge_queue" as const, parameters: { ...queueDefaults, ...options.mergeQueue } }]
            : []),
          ...(options.reviews === undefined
            ? []
            : [
                {
                  type: "pull_request" as const,
                  parameters: {
                    required_approving_review_count: options.reviews,
                    dismiss_stale_reviews_on_push: options.dismissStale ?? false,
                    require_code_owner_review: false,
                    require_last_push_approval: false,
                    required_review_thread_resolution: false,
                  },
                },
              ]),
        ],
        createdAt: now,
        updatedAt: now,
      });
      return id;
    },

    renameRepository(ref: RepositoryRef, name: string): RepositoryHandle {
      const repository = repositoryNamed(site, ref);
      const from = repository.name;
      site.state.renameRepository(repository, name);
      site.webhooks.emit(repository, "repository", repository.owner, {
        action: "renamed",
        changes: { repository: { name: { from } } },
      });
      return handle(site, repository);
    },

    deleteRepository(ref: RepositoryRef): void {
      const repository = repositoryNamed(site, ref);
      site.webhooks.emit(repository, "repository", repository.owner, { action: "deleted" });
      site.state.removeRepository(repository);
      // Pull requests from it stay, from an "unknown repository".
      for (const other of site.state.repositories.values()) {
        for (const { pull } of other.issues.values())
          if (pull?.head.repository === repository)
            site.state.openPulls.change(pull, () => {
              pull.head.repository = undefined;
            });
      }
    },
  };
}

export function protectionOf(branch: string, options: ProtectOptions): BranchProtection {
  const { reviews } = options;
  return {
    branch,
    requiredChecks: options.requiredChecks?.map(({ context, appId }) => ({ context, appId: appId ?? null })),
    strict: options.strict ?? false,
    reviews:
      reviews === undefined
        ? undefined
        : { count: reviews, dismissStale: options.dismissStale ?? false, codeOwners: false, lastPushApproval: false },
    enforceAdmins: options.enforceAdmins ?? false,
    allowForcePushes: false,
    allowDeletions: false,
    linearHistory: false,
  };
}

const queueDefaults: MergeQueueParameters = {
  check_response_timeout_minutes: 60,
  grouping_strategy: "ALLGREEN",
  max_entries_to_build: 5,
  max_entries_to_merge: 5,
  merge_method: "MERGE",
  min_entries_to_merge: 1,
  min_entries_to_merge_wait_minutes: 5,
};

function reaches(repository: Repository, from: string, to: string): Promise<boolean> {
  return isAncestor(repository.git.network.store, from, to);
}

function authorFor(site: Site, { owner }: Repository): Account {
  if (owner.type === "User") return owner;
  const [member] = owner.members.keys();
  return site.state.accounts.get(member ?? 0) ?? owner;
}

function handle(site: Site, repository: Repository): RepositoryHandle {
  const { id, name, owner, defaultBranch } = repository;
  return {
    id,
    owner: owner.login,
    name,
    fullName: fullName(repository),
    defaultBranch,
    cloneUrl: `${site.url}/${fullName(repository)}.git`,
  };
}

type NewRepository = { private?: boolean; defaultBranch?: string; parent?: Repository };

function newRepository(site: Site, owner: Account, name: string, network: Network, options: NewRepository): Repository {
  if (site.state.repository(`${owner.login}/${name}`)) throw new Error(`${owner.login}/${name} exists`);
  const now = site.now();
  const id = site.state.nextId();
  const git = new GitRepository(join(site.dataDir, "repositories", `${id}.git`), network);
  const defaultBranch = options.defaultBranch ?? "main";
  git.setHead(defaultBranch);
  return site.state.addRepository({
    id,
    name,
    owner,
    private: options.private ?? false,
    description: null,
    defaultBranch,
    parent: options.parent,
    archived: false,
    createdAt: now,
    updatedAt: now,
    pushedAt: now,
    git,
    collaborators: new Map(),
    labels: [],
    lastNumber: 0,
    openIssues: 0,
    forks: 0,
    issues: new Map(),
    comments: new Map(),
    checkSuites: new Map(),
    checkRuns: new Map(),
    statuses: new Map(),
    activities: [],
    protections: new Map(),
    rulesets: [],
    queues: new Map(),
    deployments: [],
    mergeMethods: new Set(["merge", "squash", "rebase"]),
    deleteBranchOnMerge: false,
    contributors: new Set(),
  });
}
