import type { RepositoryRef } from "../model/pull-request.ts";

/** Permission name → `read`, `write` or `admin`. */
export type GrantedPermissions = Record<string, string>;

/** The App as its settings page has it. */
export interface InspectedApp {
  id: number;
  slug: string;
  owner: string;
  ownerType: "User" | "Organization";
  /** Its public page, below which it is installed. */
  htmlUrl: string;
  permissions: GrantedPermissions;
  events: string[];
}

/** An installation keeps the permissions that its owner accepted, whatever the App asks for by now. */
export interface InspectedInstallation {
  id: number;
  owner: string;
  /** Its settings page. */
  htmlUrl: string;
  suspended: boolean;
  createdAtMs: number;
  permissions: GrantedPermissions;
  events: string[];
}

export interface InspectedHook {
  /** Empty where there is none. */
  url: string;
  contentType: string;
  /** Whether GitHub delivers without looking at the certificate. */
  insecureSsl: boolean;
}

/** What GitHub asks of a change to a branch, from its protection and all rulesets together. */
export interface InspectedBranch {
  name: string;
  checks: {
    context: string;
    /** The App that has to report it; undefined: any may, or a commit status. */
    appId: number | undefined;
    source: "protection" | "ruleset";
  }[];
  /** Only the protection of old tells it to readers; rulesets hide their bypass list from us. */
  adminsBypass: boolean;
  mergeQueue: boolean;
  /** Approvals are asked for, and stay when the branch is pushed to. */
  staleApprovals: boolean;
}

/** Reading what is set up at GitHub, for the doctor. Every call may reject with `GitHubError`; none changes anything. */
export interface Inspection {
  /** GitHub's clock in ms since the epoch, and how long the answer took: GitHub says whole seconds only. */
  time(): Promise<{ atMs: number; tookMs: number }>;
  app(): Promise<InspectedApp>;
  hook(): Promise<InspectedHook>;
  installations(): Promise<InspectedInstallation[]>;
  /** Names of branches that anything protects, 100 at most. */
  protectedBranches(installationId: number, repository: RepositoryRef): Promise<{ names: string[]; complete: boolean }>;
  branch(installationId: number, repository: RepositoryRef, name: string): Promise<InspectedBranch>;
}
