import type { KeyObject } from "node:crypto";
import { Actions } from "./actions/state.ts";
import type { Activity } from "./activity.ts";
import type { CheckRun, CheckSuite, CommitStatus } from "./checks-state.ts";
import type { GitRepository } from "./git/repository.ts";
import type { MergeQueue } from "./merge-queue-state.ts";
import type { Permissions } from "./permissions.ts";
import type { BranchProtection, Ruleset } from "./protection-state.ts";
import { PullIndex } from "./pull-index.ts";
import type { Pull } from "./pull-state.ts";
import { UserAccesses } from "./user-access.ts";

/** The nouns of the site, as plain mutable records; everything on the wire is derived from them by `shapes/`. */
export type Account = {
  id: number;
  login: string;
  type: "User" | "Organization" | "Bot";
  name: string | null;
  createdAt: Date;
  /** Organisations only: user id → role. */
  members: Map<number, "admin" | "member">;
};

export type Role = "read" | "triage" | "write" | "maintain" | "admin";

export type Team = {
  id: number;
  slug: string;
  name: string;
  organization: Account;
  members: Map<number, "maintainer" | "member">;
  /** Repository id → role. */
  repositories: Map<number, Role>;
};

export type App = {
  id: number;
  slug: string;
  name: string;
  owner: Account;
  bot: Account;
  clientId: string;
  publicKey: KeyObject;
  webhookUrl: string | undefined;
  webhookSecret: string;
  hookId: number;
  /** An inactive webhook delivers nothing and lists nothing. */
  hookActive: boolean;
  /** Whether deliveries are made without looking at the receiver's certificate. */
  hookInsecure: boolean;
  clientSecrets: string[];
  callbackUrls: string[];
  /** Where people are led after they installed it. */
  setupUrl: string | undefined;
  /** Whether other accounts than its owner may install it. */
  public: boolean;
  permissions: Permissions;
  events: string[];
  createdAt: Date;
};

/** What `POST /app-manifests/{code}/conversions` hands out, once. */
export type ManifestCode = {
  app: App;
  privateKeyPem: string;
  clientSecret: string;
  webhookSecret: string;
  expiresAt: Date;
};

export type Installation = {
  id: number;
  app: App;
  account: Account;
  selection: "all" | "selected";
  /** Only for `selected`. */
  repositoryIds: Set<number>;
  permissions: Permissions;
  events: string[];
  suspendedAt: Date | undefined;
  suspendedBy: Account | undefined;
  createdAt: Date;
  updatedAt: Date;
};

export type InstallationToken = {
  token: string;
  installation: Installation;
  expiresAt: Date;
  permissions: Permissions;
  /** Undefined: every repository of the installation. */
  repositoryIds: Set<number> | undefined;
};

export type Label = { id: number; name: string; color: string; description: string | null; isDefault: boolean };

export type Reaction = { id: number; user: Account; content: ReactionContent; createdAt: Date };
export const reactionContents = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"] as const;
export type ReactionContent = (typeof reactionContents)[number];

export type IssueComment = {
  id: number;
  number: number;
  user: Account;
  /** The App whose installation token wrote it. */
  via: App | undefined;
  body: string;
  createdAt: Date;
  updatedAt: Date;
  reactions: Reaction[];
};

/** An issue, or the issue side of a pull request. */
export type Issue = {
  id: number;
  number: number;
  title: string;
  body: string | null;
  state: "open" | "closed";
  user: Account;
  via: App | undefined;
  labels: Label[];
  assignees: Account[];
  createdAt: Date;
  updatedAt: Date;
  closedAt: Date | undefined;
  closedBy: Account | undefined;
  reactions: Reaction[];
  comments: IssueComment[];
  pull: Pull | undefined;
};

export type Deployment = {
  id: number;
  sha: string;
  ref: string;
  task: string;
  payload: Record<string, unknown> | string;
  environment: string;
  originalEnvironment: string;
  description: string | null;
  transient: boolean;
  production: boolean;
  creator: Account;
  via: App | undefined;
  createdAt: Date;
  updatedAt: Date;
  statuses: DeploymentStatus[];
};

export const deploymentStates = [
  "error",
  "failure",
  "inactive",
  "in_progress",
  "queued",
  "pending",
  "success",
] as const;
export type DeploymentState = (typeof deploymentStates)[number];

export type DeploymentStatus = {
  id: number;
  state: DeploymentState;
  description: string;
  environment: string;
  environmentUrl: string;
  logUrl: string;
  creator: Account;
  via: App | undefined;
  createdAt: Date;
};

export type MergeMethod = "merge" | "squash" | "rebase";

export type Repository = {
  id: number;
  name: string;
  owner: Account;
  private: boolean;
  description: string | null;
  defaultBranch: string;
  parent: Repository | undefined;
  archived: boolean;
  createdAt: Date;
  updatedAt: Date;
  pushedAt: Date;
  git: GitRepository;
  /** Direct collaborators by account id; the owner is always admin. */
  collaborators: Map<number, Role>;
  labels: Label[];
  lastNumber: number;
  /** Counted along, because every payload shows them. */
  openIssues: number;
  forks: number;
  issues: Map<number, Issue>;
  comments: Map<number, IssueComment>;
  checkSuites: Map<string, CheckSuite[]>;
  checkRuns: Map<string, CheckRun[]>;
  statuses: Map<string, CommitStatus[]>;
  /** Oldest first. */
  activities: Activity[];
  protections: Map<string, BranchProtection>;
  rulesets: Ruleset[];
  /** By the branch that they merge to. */
  queues: Map<string, MergeQueue>;
  deployments: Deployment[];
  mergeMethods: Set<MergeMethod>;
  deleteBranchOnMerge: boolean;
  /** Ids of those whose pull requests were merged. */
  contributors: Set<number>;
};

/** Everything that exists, with the lookups that routes need. */
export class State {
  readonly accounts = new Map<number, Account>();
  readonly teams: Team[] = [];
  readonly apps = new Map<number, App>();
  readonly manifestCodes = new Map<string, ManifestCode>();
  readonly installations = new Map<number, Installation>();
  readonly installationTokens = new Map<string, InstallationToken>();
  readonly userTokens = new Map<string, Account>();
  readonly userAccesses = new UserAccesses();
  readonly actions = new Actions();
  readonly repositories = new Map<number, Repository>();
  readonly runs = new Map<number, { run: CheckRun; repository: Repository }>();
  readonly suites = new Map<number, { suite: CheckSuite; repository: Repository }>();
  readonly openPulls = new PullIndex();
  private readonly logins = new Map<string, Account>();
  private readonly names = new Map<string, Repository>();
  private lastId: number;

  /** @param idsFrom all ids are larger; it tells those of one GitHub from those of another that share something. */
  constructor(idsFrom = 1000) {
    this.lastId = idsFrom;
  }

  /** Ids are unique over all kinds, so that a mixed-up id never happens to fit. */
  nextId(): number {
    this.lastId += 1;
    return this.lastId;
  }

  addAccount(account: Account): Account {
    if (this.logins.has(account.login.toLowerCase())) throw new Error(`login ${account.login} is taken`);
    this.accounts.set(account.id, account);
    this.logins.set(account.login.toLowerCase(), account);
    return account;
  }

  account(login: string): Account | undefined {
    return this.logins.get(login.toLowerCase());
  }

  /** The old login is free for whoever comes next, as on GitHub. */
  renameAccount(account: Account, login: string): void {
    if (this.logins.has(login.toLowerCase())) throw new Error(`login ${login} is taken`);
    this.logins.delete(account.login.toLowerCase());
    account.login = login;
    this.logins.set(login.toLowerCase(), account);
    // The old full names keep leading to the repositories.
    for (const repository of this.repositories.values())
      if (repository.owner === account) this.names.set(fullName(repository).toLowerCase(), repository);
  }

  addRepository(repository: Repository): Repository {
    this.repositories.set(repository.id, repository);
    this.names.set(`${repository.owner.login}/${repository.name}`.toLowerCase(), repository);
    return repository;
  }

  repository(fullName: string): Repository | undefined {
    return this.names.get(fullName.toLowerCase());
  }

  /** The old name keeps leading to the repository, as GitHub redirects it. */
  renameRepository(repository: Repository, name: string): void {
    repository.name = name;
    this.names.set(fullName(repository).toLowerCase(), repository);
  }

  transferRepository(repository: Repository, owner: Account): void {
    repository.owner = owner;
    this.names.set(fullName(repository).toLowerCase(), repository);
  }

  removeRepository(repository: Repository): void {
    this.repositories.delete(repository.id);
    for (const [name, known] of this.names) if (known === repository) this.names.delete(name);
    for (const installation of this.installations.values()) installation.repositoryIds.delete(repository.id);
  }

  appOf(bot: Account): App | undefined {
    return [...this.apps.values()].find((app) => app.bot === bot);
  }

  installationOf(app: App, repository: Repository): Installation | undefined {
    for (const installation of this.installations.values()) {
      if (installation.app === app && covers(installation, repository)) return installation;
    }
    return undefined;
  }

  teamsOf(organization: Account): Team[] {
    return this.teams.filter((team) => team.organization === organization);
  }
}

export function fullName(repository: Repository): string {
  return `${repository.owner.login}/${repository.name}`;
}

export function covers(installation: Installation, repository: Repository): boolean {
  if (installation.account !== repository.owner) return false;
  return installation.selection === "all" || installation.repositoryIds.has(repository.id);
}
