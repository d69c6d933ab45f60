/**
 * Where records lie. All of them carry the installation and the repository's id, so that no key of one can be mistaken for
 * another's.
 */
export const storageKey = {
  /** `RepositoryRef`, as the last delivery called it. */
  repository: (installationId: number, repositoryId: number) => `repository/${installationId}/${repositoryId}`,
  repositories: (installationId: number) => `repository/${installationId}/`,
  /** Prefix of those of all installations. */
  everyRepository: "repository/",
  /** `TrackedPull`: what was last known of a pull request. */
  pull: (installationId: number, repositoryId: number, number: number) =>
    `pull/${installationId}/${repositoryId}/${number}`,
  allPulls: () => "pull/",
  pulls: (installationId: number, repositoryId: number) => `pull/${installationId}/${repositoryId}/`,
  /** `PullAtCommit`: what one pull request has to say about one commit. */
  atCommit: (installationId: number, repositoryId: number, sha: string, number: number) =>
    `at/${installationId}/${repositoryId}/${sha}/${number}`,
  atCommits: (installationId: number, repositoryId: number, sha: string) =>
    `at/${installationId}/${repositoryId}/${sha}/`,
  /** `Decision[]`, newest first: the last few about one pull request, for when the checker is away. */
  pastDecisions: (installationId: number, repositoryId: number, number: number) =>
    `past/${installationId}/${repositoryId}/${number}`,
  /** `PullAtCommit` of a merge group: what the group as a whole has to say about its commit. */
  atGroup: (installationId: number, repositoryId: number, sha: string) =>
    `at/${installationId}/${repositoryId}/${sha}/group`,
  /** `{ headRef, baseRef }`: checks were asked for at this commit of a merge queue. */
  group: (installationId: number, repositoryId: number, sha: string) =>
    `group/${installationId}/${repositoryId}/${sha}`,
  /** `{ reason }`: GitHub said that the merge group is no more. */
  groupEnded: (installationId: number, repositoryId: number, sha: string) =>
    `group-ended/${installationId}/${repositoryId}/${sha}`,
  /** `{}`: the merge group at that commit holds this pull request. */
  groupMember: (installationId: number, repositoryId: number, number: number, sha: string) =>
    `group-member/${installationId}/${repositoryId}/${number}/${sha}`,
  groupsOf: (installationId: number, repositoryId: number, number: number) =>
    `group-member/${installationId}/${repositoryId}/${number}/`,
  /** `NoticedMerge`: a pull request that was open was merged, and whether the gate let it through is still to be looked at. */
  merged: (installationId: number, repositoryId: number, number: number) =>
    `merged/${installationId}/${repositoryId}/${number}`,
  /** `DefaultBranchPush`: the default branch was moved to this commit. */
  pushed: (installationId: number, repositoryId: number, sha: string) =>
    `pushed/${installationId}/${repositoryId}/${sha}`,
  /** `WrittenCheck`: what we last wrote to a check run. */
  check: (installationId: number, repositoryId: number, sha: string, name: string) =>
    `check/${installationId}/${repositoryId}/${sha}/${name}`,
  /**
   * `{ login }`: who pushed this commit to a branch, or as the head of a pull request, from the signed payload. Of another branch it says
   * nothing: anyone may push a commit again.
   */
  pusher: (installationId: number, repositoryId: number, sha: string, to: { branch: string } | { pull: number }) =>
    `pusher/${installationId}/${repositoryId}/${sha}/${"pull" in to ? `pull/${to.pull}` : `branch/${to.branch}`}`,
  /** `{ baseRef }`: into which branch the pull request went while this was its head; null when into more than one. */
  headBase: (installationId: number, repositoryId: number, number: number, sha: string) =>
    `head-base/${installationId}/${repositoryId}/${number}/${sha}`,
  /** `Change`: what a commit changes against a base; null where that cannot be told in full. */
  change: (installationId: number, repositoryId: number, sha: string, baseRef: string) =>
    `change/${installationId}/${repositoryId}/${sha}/${baseRef}`,
  /** Whether two commits propose the very same change to a base. */
  sameChange: (installationId: number, repositoryId: number, sha: string, headSha: string, baseRef: string) =>
    `same-change/${installationId}/${repositoryId}/${sha}/${headSha}/${baseRef}`,
  /** `{ delivery }`: somebody pressed GitHub's re-run button at this commit; its checks are written again whatever stands there. */
  rerun: (installationId: number, repositoryId: number, sha: string) =>
    `rerun/${installationId}/${repositoryId}/${sha}`,
  /** `{ revision }`: of the policy under which all open pull requests were last asked to be judged. */
  checkerRevision: () => "checker/revision",
  hold: (installationId: number, repositoryId: number, number: number) =>
    `hold/${installationId}/${repositoryId}/${number}`,
  /** One of each person: some rules take two. Those of earlier releases, of whoever came last, have no `@`. */
  override: (installationId: number, repositoryId: number, number: number, sha: string, rule: string, byId: number) =>
    `override/${installationId}/${repositoryId}/${number}/${sha}/${rule}@${byId}`,
  overrides: (installationId: number, repositoryId: number, number: number, sha: string) =>
    `override/${installationId}/${repositoryId}/${number}/${sha}/`,
  /** An answer to a comment is about to be posted: whoever finds this looks first whether it already stands there. */
  answer: (intentId: string) => `answer/${intentId}`,
  okToTest: (installationId: number, repositoryId: number, number: number) =>
    `ok-to-test/${installationId}/${repositoryId}/${number}`,
  /** `PreviewRecord`: what is known of a pull request's preview. Stays until it is gone from every cluster. */
  preview: (installationId: number, repositoryId: number, number: number) =>
    `preview/${installationId}/${repositoryId}/${number}`,
  previews: (installationId: number, repositoryId: number) => `preview/${installationId}/${repositoryId}/`,
  previewsOf: (installationId: number) => `preview/${installationId}/`,
  allPreviews: () => "preview/",
  /** `PreviewWish`: what people asked for by `/hms preview`. */
  previewWish: (installationId: number, repositoryId: number, number: number) =>
    `preview-wish/${installationId}/${repositoryId}/${number}`,
  /** `{ numbers }`: the pull requests of the repository that may have a preview now. */
  previewSlots: (installationId: number, repositoryId: number) => `preview-slots/${installationId}/${repositoryId}`,
  /** What was told of a preview to GitHub: the deployment, its last status, the comment. */
  previewTold: (installationId: number, repositoryId: number, number: number) =>
    `preview-told/${installationId}/${repositoryId}/${number}`,
  /** What the inspection of a preview's source found at a commit; `digest`: of all else that it depends on. */
  previewSource: (installationId: number, repositoryId: number, sha: string, digest: string) =>
    `preview-source/${installationId}/${repositoryId}/${sha}/${digest}`,
  /** How a repository was dealt with that has no configuration. */
  onboarding: (installationId: number, repositoryId: number) => `onboarding/${installationId}/${repositoryId}`,
  /** `{ atMs, repositoryId }`: when the installation's last proposal was made, and to which repository. */
  onboardingTurn: (installationId: number) => `onboarding-turn/${installationId}`,
  /** A pull request left this commit without being merged: what its gate said of it holds no more. */
  left: (installationId: number, repositoryId: number, sha: string) => `left/${installationId}/${repositoryId}/${sha}`,
  /** What was told to whom about one pull request. */
  notice: (installationId: number, repositoryId: number, number: number) =>
    `notice/${installationId}/${repositoryId}/${number}`,
  /** `CommitScan` of one commit, valid for one revision of the scanner. */
  scan: (installationId: number, repositoryId: number, kind: string, revision: string, sha: string) =>
    `scan/${installationId}/${repositoryId}/${kind}/${revision}/${sha}`,
  /** Where the findings stand in one head, valid for one revision of the scanner. */
  placed: (installationId: number, repositoryId: number, kind: string, revision: string, headSha: string) =>
    `placed/${installationId}/${repositoryId}/${kind}/${revision}/${headSha}`,
  /** `ScanRun`: the last scan of that kind at a commit that runs elsewhere. */
  scanRun: (installationId: number, repositoryId: number, sha: string, kind: string) =>
    `scan-run/${installationId}/${repositoryId}/${sha}/${kind}`,
  scanRuns: (installationId: number, repositoryId: number, sha: string) =>
    `scan-run/${installationId}/${repositoryId}/${sha}/`,
  /** `{ installationId, repositoryId, sha, kind }` by the scan's id, which is all that a report names. */
  scanById: (id: string) => `scan-by-id/${id}`,
  /** `ScanPremises`: where the Job of a scan was made, or is about to be. Stays until it is gone from the cluster. */
  scanJob: (installationId: number, repositoryId: number, sha: string, scanId: string) =>
    `scan-job/${installationId}/${repositoryId}/${sha}/${scanId}`,
  scanJobs: (installationId: number, repositoryId: number, sha: string) =>
    `scan-job/${installationId}/${repositoryId}/${sha}/`,
  scanJobsOf: (installationId: number, repositoryId: number) => `scan-job/${installationId}/${repositoryId}/`,
  /** `ScanWanted`: what a pull request wants scanned at a commit, its head or its merge base. */
  scanWanted: (installationId: number, repositoryId: number, sha: string, number: number) =>
    `scan-wanted/${installationId}/${repositoryId}/${sha}/${number}`,
  scansWanted: (installationId: number, repositoryId: number, sha: string) =>
    `scan-wanted/${installationId}/${repositoryId}/${sha}/`,
  scansWantedOf: (installationId: number, repositoryId: number) => `scan-wanted/${installationId}/${repositoryId}/`,
  /** `{ shas }`: the commits at which a pull request wants something scanned. */
  scanWanting: (installationId: number, repositoryId: number, number: number) =>
    `scan-wanting/${installationId}/${repositoryId}/${number}`,
  /** `ScanResult`: what the last scan of that kind found at a commit. */
  scanResult: (installationId: number, repositoryId: number, sha: string, kind: string) =>
    `scan-result/${installationId}/${repositoryId}/${sha}/${kind}`,
  /** That a server's analysis of this commit is awaited here. By the commit alone: it is all that the server tells. */
  qualityAwaited: (sha: string, installationId: number, repositoryId: number) =>
    `quality-awaited/${sha}/${installationId}/${repositoryId}`,
  qualityAwaitedOf: (sha: string) => `quality-awaited/${sha}/`,
  /** `AnnouncedAnalysis`: of which analysis of this commit the server told. */
  qualityAnnounced: (sha: string, project: string) => `quality-announced/${sha}/${project}`,
  /** `ScanUpload`: what is still to be given to GitHub code scanning. */
  scanUpload: (installationId: number, repositoryId: number, sha: string, kind: string) =>
    `scan-upload/${installationId}/${repositoryId}/${sha}/${kind}`,
  scanUploads: (installationId: number, repositoryId: number, sha: string) =>
    `scan-upload/${installationId}/${repositoryId}/${sha}/`,
  /** Since when findings of that kind are known on the default branch: fingerprint → ms since the epoch. */
  firstSeen: (installationId: number, repositoryId: number, kind: string) =>
    `first-seen/${installationId}/${repositoryId}/${kind}`,
  /** `FindingsIndex`: what the scans of an open pull request found. */
  findings: (installationId: number, repositoryId: number, number: number) =>
    `findings/${installationId}/${repositoryId}/${number}`,
  findingsOf: (installationId: number, repositoryId: number) => `findings/${installationId}/${repositoryId}/`,
  /** `ListedFinding[]`: some of them, named by what they say. */
  findingsPart: (installationId: number, repositoryId: number, number: number, part: string) =>
    `findings-part/${installationId}/${repositoryId}/${number}/${part}`,
  findingsParts: (installationId: number, repositoryId: number, number: number) =>
    `findings-part/${installationId}/${repositoryId}/${number}/`,
  /** `FindingHistory`: what became of one finding, by its fingerprint. */
  finding: (installationId: number, repositoryId: number, fingerprint: string) =>
    `finding/${installationId}/${repositoryId}/${fingerprint}`,
  allFindings: "finding/",
  /** `StoredWaivers`. */
  waivers: (installationId: number, repositoryId: number) => `waivers/${installationId}/${repositoryId}`,
  /** `{ missingAtMs, reason }`: the repository's workflow for scans could not be started; `{}`: it may have changed since. */
  scanWorkflow: (installationId: number, repositoryId: number) => `scan-workflow/${installationId}/${repositoryId}`,
  /** `{ by }`, an intent's id: a scan of that kind is asked for again. */
  scanAgain: (installationId: number, repositoryId: number, sha: string, kind: string) =>
    `scan-again/${installationId}/${repositoryId}/${sha}/${kind}`,
  scansAgain: (installationId: number, repositoryId: number, sha: string) =>
    `scan-again/${installationId}/${repositoryId}/${sha}/`,
  /** `{ delivery }`: all open pull requests of the repository, or of the whole installation, are to be read, changed or not. */
  reread: (installationId: number, repositoryId?: number) =>
    repositoryId === undefined ? `reread/${installationId}` : `reread/${installationId}/${repositoryId}`,
  /** `InstallationState`: whether it is active, and since when. Stays when the App is removed. */
  installationState: (installationId: number) => `installation-state/${installationId}`,
  installationStates: "installation-state/",
  /** `RepositoryState`: what became of one that the installation lists no more. */
  repositoryState: (installationId: number, repositoryId: number) =>
    `repository-state/${installationId}/${repositoryId}`,
  repositoryStates: (installationId: number) => `repository-state/${installationId}/`,
  /** `{ seenAtMs }`: the organisation has a configuration, so that not being able to read it is not the same as having none. */
  organisationFile: (installationId: number) => `organisation-file/${installationId}`,
  /** `Swept`: what the last sweep of a repository found. */
  swept: (installationId: number, repositoryId: number) => `swept/${installationId}/${repositoryId}`,
  /** `Missed`: a webhook delivery that never arrived. These are the App's, whatever installation they are about. */
  missed: (guid: string) => `healing/missed/${guid}`,
  allMissed: "healing/missed/",
  /** ms since the epoch up to which GitHub's log of deliveries was read. */
  healedUpTo: "healing/up-to",
  /** `Scan`: where the reading of that log goes on. */
  healingScan: "healing/scan",
  /** `Recovery`: the outage that is being recovered from. */
  recovery: "healing/recovery",
  /** `SessionRecord` by the SHA-256 of the session's id. It belongs to a person, who may see many installations. */
  session: (hash: string) => `session/${hash}`,
  sessions: () => "session/",
  /** `{ atMs }`: this person took back what they had allowed the App; sessions from before are over. */
  revoked: (userId: number) => `revoked/${userId}`,
} as const;
