import { type Deployment, type DeploymentStatus, fullName, type Repository } from "../state.ts";
import { accountShape } from "./account.ts";
import { appShape } from "./app.ts";
import { nodeId, type Schema, timestamp } from "./schema.ts";

export function deploymentShape(base: string, repository: Repository, deployment: Deployment): Schema<"deployment"> {
  const url = `${base}/repos/${fullName(repository)}`;
  return {
    url: `${url}/deployments/${deployment.id}`,
    id: deployment.id,
    node_id: nodeId("Deployment", deployment.id),
    sha: deployment.sha,
    ref: deployment.ref,
    task: deployment.task,
    payload: deployment.payload as { [key: string]: unknown },
    original_environment: deployment.originalEnvironment,
    environment: deployment.environment,
    description: deployment.description,
    creator: accountShape(base, deployment.creator),
    created_at: timestamp(deployment.createdAt),
    updated_at: timestamp(deployment.updatedAt),
    statuses_url: `${url}/deployments/${deployment.id}/statuses`,
    repository_url: url,
    transient_environment: deployment.transient,
    production_environment: deployment.production,
    performed_via_github_app: deployment.via ? appShape(base, deployment.via) : null,
  };
}

export function deploymentStatusShape(
  base: string,
  repository: Repository,
  deployment: Deployment,
  status: DeploymentStatus,
): Schema<"deployment-status"> {
  const url = `${base}/repos/${fullName(repository)}`;
  return {
    url: `${url}/deployments/${deployment.id}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId("DeploymentStatus", status.id),
    state: status.state,
    creator: accountShape(base, status.creator),
    description: status.description,
    environment: status.environment,
    target_url: status.logUrl,
    created_at: timestamp(status.createdAt),
    updated_at: timestamp(status.createdAt),
    deployment_url: `${url}/deployments/${deployment.id}`,
    repository_url: url,
    environment_url: status.environmentUrl,
    log_url: status.logUrl,
    performed_via_github_app: status.via ? appShape(base, status.via) : null,
  };
}
