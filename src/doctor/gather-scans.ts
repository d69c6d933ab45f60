import { compareScanWorkflow, REPORT_ENVIRONMENT, shippedScanWorkflow } from "../config/scan-workflow.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { SCAN_WORKFLOW } from "../model/scan.ts";
import type { GitHub } from "../ports/github.ts";
import { asked } from "./asked.ts";
import type { RepositoryFacts, ScanFacts } from "./facts.ts";

/** A repository with what its scans need, where it asks for some that run in a workflow. */
export async function withScans(
  facts: RepositoryFacts,
  github: Pick<GitHub, "repository" | "workflows">,
  repository: RepositoryRef,
): Promise<RepositoryFacts> {
  if (!scansInWorkflow(facts)) return facts;
  const workflows = github.workflows(facts.installationId, repository);
  const path = `.github/workflows/${SCAN_WORKFLOW}`;
  const [text, state, environment] = await Promise.all([
    asked(() => github.repository(facts.installationId, repository).file(path)),
    asked(async () => (await workflows.installed(SCAN_WORKFLOW))?.state),
    asked(async () => (await workflows.environment(REPORT_ENVIRONMENT))?.branches),
  ]);
  const scans: ScanFacts = { text, state, environment };
  const own = text.ok ? text.value : undefined;
  if (own !== undefined) scans.comparison = await asked(async () => compareScanWorkflow(shippedScanWorkflow(), own));
  return { ...facts, scans };
}

/** SonarQube is asked over its own API, and a Job on the preview's cluster is no workflow. */
function scansInWorkflow({ configuration }: RepositoryFacts): boolean {
  if (!configuration.ok || !configuration.value.valid) return false;
  return Object.entries(configuration.value.config.scan.dispatched).some(
    ([, scan]) => scan?.tool !== "sonarqube" && scan?.runsOn !== "cluster",
  );
}
