import type { RepositoryRef } from "../model/pull-request.ts";

/** An installation as the App itself sees it: https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app */
export interface InstallationFacts {
  id: number;
  owner: string;
  suspended: boolean;
  /** What its owner granted: permission → `read`, `write` or `admin`. */
  permissions: Record<string, string>;
}

/** What tells an installation or a repository that is gone from one that cannot be asked. Every call may reject with `GitHubError`. */
export interface LifeCycleApi {
  /** Undefined where GitHub answers 404 to the App, which alone proves nothing. */
  installation(installationId: number): Promise<InstallationFacts | undefined>;
  /** By its id, whatever it is called by now; undefined where GitHub answers 404 to the installation. */
  repository(installationId: number, repositoryId: number): Promise<RepositoryRef | undefined>;
  /** What the App asks for by now: an installation has the rest once its owner accepts it. */
  asked(): Promise<Record<string, string>>;
  /** Lets go of the installation's tokens and answers. */
  forget(installationId: number): void;
}

/** `quarantined`: its owner is none of HMS_ALLOWED_OWNERS, nothing is written. `permissions-lacking`: it goes on as far as it can. */
export type InstallationStatus = "active" | "suspended" | "uninstalled" | "permissions-lacking" | "quarantined";

/** What is known of an installation: record `storageKey.installationState`. */
export interface InstallationState {
  installationId: number;
  owner: string;
  status: InstallationStatus;
  /** ms since the epoch. */
  sinceMs: number;
  /** Permissions that the App asks for and does not have, as `checks: write`. */
  lacking: string[];
}

/** What became of a repository that the installation lists no more: record `storageKey.repositoryState`. */
export interface RepositoryState {
  installationId: number;
  repositoryId: number;
  /** As it was last called here. */
  name: string;
  /** `unlisted` is not proven yet; the others are, and the repository's keys are gone from the queue. */
  status: "unlisted" | "deleted" | "removed" | "transferred";
  /** What the last look said. */
  found: "deleted" | "removed" | "transferred";
  sinceMs: number;
  /** When it was last found missing, to tell a second look from the first. */
  lookedAtMs: number;
}
