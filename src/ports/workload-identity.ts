/**
 * What a workflow's job says of itself, signed by GitHub.
 * https://docs.github.com/en/actions/reference/security/oidc#oidc-token-claims
 */
export interface WorkloadClaims {
  /** `repo:acme/shop:environment:hms-scan` */
  subject: string;
  /** Of this very token. */
  tokenId: string;
  repository: string;
  repositoryId: number;
  repositoryOwnerId: number;
  /** `refs/heads/main` */
  ref: string;
  refType: string;
  sha: string;
  /** `acme/shop/.github/workflows/hms-scan.yml@refs/heads/main`: the workflow that was started. */
  workflowRef: string;
  /** The file that the job stands in, which a reusable workflow may bring from elsewhere. */
  jobWorkflowRef: string;
  runId: number;
  /** 1 for the first; somebody may run it again. */
  runAttempt: number;
  /** The account that started the run. */
  actorId: number;
  eventName: string;
  /** `github-hosted` or `self-hosted`. */
  runnerEnvironment: string;
  environment?: string;
  expiresAtMs: number;
}

/**
 * `malformed`: no token, or one that lacks a claim. `signature`: not by a key of the issuer, or not RS256. `expired`: outside of the time
 * that it is for, too early included.
 */
export type WorkloadRefusal = "malformed" | "signature" | "expired" | "audience" | "issuer";

export type WorkloadVerification = { ok: true; claims: WorkloadClaims } | { ok: false; why: WorkloadRefusal };

export interface WorkloadIdentity {
  /**
   * Whether the token is one of our GitHub's, for this audience, now. Says nothing of whether the workflow may do what it asks for.
   * @throws {WorkloadIdentityUnavailable} where the issuer's keys cannot be had: nothing is known of the token then
   */
  verify(token: string, audience: string): Promise<WorkloadVerification>;
}

export class WorkloadIdentityUnavailable extends Error {
  override readonly name = "WorkloadIdentityUnavailable";
}
