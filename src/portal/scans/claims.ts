import type { RepositoryRef } from "../../model/pull-request.ts";
import { SCAN_WORKFLOW } from "../../model/scan.ts";
import type { WorkloadClaims } from "../../ports/workload-identity.ts";

/** Whose report is taken: of the one run that we started ourselves. */
export interface ExpectedRun {
  ref: RepositoryRef;
  /** Undefined where none is known any more: then no report is taken anyway. */
  runId: number | undefined;
  /** The account that our App acts as. */
  botId: number;
}

/**
 * The first claim that is not as it has to be: pure. The inputs of a run prove nothing, as whoever can write can start one. Whose repository it is
 * need not be asked of the owner's id: the repository's own is never given to another.
 * @returns its name in the token
 */
export function wrongClaim(claims: WorkloadClaims, { ref, runId, botId }: ExpectedRun): string | undefined {
  const branch = `refs/heads/${ref.defaultBranch}`;
  const workflow = `${ref.owner}/${ref.name}/.github/workflows/${SCAN_WORKFLOW}@${branch}`;
  const right: [claim: string, right: boolean][] = [
    ["repository_id", claims.repositoryId === ref.id],
    ["repository", claims.repository === `${ref.owner}/${ref.name}`],
    ["workflow_ref", claims.workflowRef === workflow],
    ["job_workflow_ref", claims.jobWorkflowRef === workflow],
    ["ref", claims.ref === branch],
    ["ref_type", claims.refType === "branch"],
    ["event_name", claims.eventName === "workflow_dispatch"],
    ["actor_id", claims.actorId === botId],
    ["run_attempt", claims.runAttempt === 1],
    ["run_id", runId === undefined || claims.runId === runId],
  ];
  return right.find(([, holds]) => !holds)?.[0];
}
