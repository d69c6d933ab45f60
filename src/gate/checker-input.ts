import { canonicalJson } from "../model/canonical-json.ts";
import type { CheckerInput, MergeGroupInput } from "../model/checker-input.ts";
import type { ScanReport } from "../model/finding.ts";
import type { Permission, Person, RepositoryRef } from "../model/pull-request.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { checkerFindings } from "./checker-findings.ts";

/** The checker's input for the merge of one pull request. Lists are sorted: equal facts give an equal digest. */
export function mergeInput(snapshot: Snapshot): CheckerInput {
  const { pull, repository } = snapshot;
  const { mode: _, ...config } = snapshot.config;
  return {
    schema: "hms.checker/v1",
    point: "merge",
    repository: repositoryOf(repository),
    pull_request: {
      number: pull.number,
      head_sha: pull.headSha,
      base: pull.baseRef,
      fork: pull.fork,
      draft: pull.draft,
      author: {
        id: pull.author.id,
        login: pull.author.login,
        type: pull.author.type,
        association: pull.authorAssociation,
      },
      last_pusher: snapshot.lastPusher?.login ?? null,
      last_pusher_id: snapshot.lastPusher?.id ?? null,
      labels: [...pull.labels].sort(),
      commits: pull.commits,
      changed_files: snapshot.changedFiles && [...snapshot.changedFiles].sort(),
      touches_trusted_paths: snapshot.touchesTrustedPaths && [...snapshot.touchesTrustedPaths].sort(),
    },
    approvals: [...snapshot.approvals].sort((a, b) => a.id - b.id || (a.sha < b.sha ? -1 : 1)),
    required_reviews: [...snapshot.requiredReviews].sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)),
    scans: scansOf(snapshot.scans),
    hold: snapshot.hold,
    overrides: [...snapshot.overrides].sort((a, b) =>
      a.rule === b.rule ? a.by_id - b.by_id : a.rule < b.rule ? -1 : 1,
    ),
    ok_to_test: snapshot.okToTest,
    preview: snapshot.preview,
    unknown: [...snapshot.unknown].sort(),
    config,
  };
}

/** The checker's input for a merge group; `scans` are of the commits that the queue itself made. */
export function mergeGroupInput(facts: {
  repository: RepositoryRef;
  group: MergeGroupInput["group"];
  scans: ScanReport[];
  config: MergeGroupInput["config"];
}): MergeGroupInput {
  const { group } = facts;
  return {
    schema: "hms.checker/v1",
    point: "merge-group",
    repository: repositoryOf(facts.repository),
    group: {
      ...group,
      members: [...group.members].sort((a, b) => a.number - b.number),
      unexplained: [...group.unexplained].sort(),
    },
    scans: scansOf(facts.scans),
    config: facts.config,
  };
}

function repositoryOf({ id, owner, name, defaultBranch }: RepositoryRef): CheckerInput["repository"] {
  return { id, owner, name, default_branch: defaultBranch };
}

function scansOf(scans: ScanReport[]): CheckerInput["scans"] {
  return scans
    .map((scan) => ({
      kind: scan.kind,
      sha: scan.sha,
      status: scan.status,
      ...(scan.status === "completed" ? {} : { reason: scan.reason }),
      findings: scan.status === "completed" ? checkerFindings(scan.kind, scan.findings) : [],
    }))
    .sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

/** The checker's input for one command: who asks, and what the pull request is. Facts that no command depends on are left empty. */
export function commandInput(
  facts: Pick<Snapshot, "repository" | "pull" | "lastPusher" | "config">,
  command: { verb: string; rule?: string; sha?: string; action?: string },
  sender: Person & { permission: Permission },
): CheckerInput {
  return {
    ...mergeInput({
      ...facts,
      approvals: [],
      changedFiles: null,
      requiredReviews: [],
      touchesTrustedPaths: [],
      scans: [],
      hold: null,
      overrides: [],
      okToTest: null,
      preview: null,
      unknown: [],
    }),
    point: "command",
    command: {
      ...command,
      sender: {
        ...sender,
        is_author: sender.id === facts.pull.author.id,
        is_last_pusher: sender.id === facts.lastPusher?.id,
      },
    },
  };
}
