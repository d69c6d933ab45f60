import { REPORT_ENVIRONMENT } from "../config/scan-workflow.ts";
import type { Diagnosis } from "../model/diagnosis.ts";
import { SCAN_WORKFLOW } from "../model/scan.ts";
import type { Facts, RepositoryFacts, ScanFacts } from "./facts.ts";
import { findingsAt, plain } from "./finding.ts";
import { fileUrl } from "./links.ts";

const PATH = `.github/workflows/${SCAN_WORKFLOW}`;
const COPY = "Copy actions/scan/hms-scan.yml of this version there (docs/scans.md).";

/** A repository's scan workflow: there, switched on, as it was shipped, and its report out of reach of other branches. */
export function checkScans(repository: RepositoryFacts, { settings }: Facts): Diagnosis[] {
  const { owner, name, installationId, repositoryId, defaultBranch, scans } = repository;
  if (!scans) return [];
  const at = findingsAt(`${owner}/${name}`, { owner, installationId, repositoryId });
  const url = fileUrl(settings.githubWebUrl, repository, defaultBranch, PATH);
  const settingsUrl = `${settings.githubWebUrl}/${owner}/${name}/settings/environments`;
  const { text, state } = scans;
  if (!text.ok) return [at.unknown("scan-workflow", `${PATH} could not be read: ${plain(text.problem)}`)];
  if (text.value === undefined)
    return [at.fail("scan-workflow", `${PATH} is not on ${plain(defaultBranch)}: no scan can be started`, COPY)];
  const findings = [
    !state.ok
      ? at.unknown("scan-workflow", `GitHub does not say whether it runs ${PATH}: ${plain(state.problem)}`)
      : state.value === "active"
        ? at.ok("scan-workflow", `${PATH} is there, and GitHub runs it`)
        : at.fail(
            "scan-workflow",
            `GitHub does not run ${PATH}: ${plain(state.value ?? "it does not know it")}`,
            `Enable it under ${settings.githubWebUrl}/${owner}/${name}/actions/workflows/${SCAN_WORKFLOW}`,
          ),
  ];
  const changes = changesOf(scans);
  if (changes !== undefined)
    findings.push(
      at.warn("scan-workflow-changed", `${PATH} is not as this version ships it: ${plain(changes)}`, `${COPY} ${url}`),
    );
  const open = openness(scans, defaultBranch);
  if ("problem" in open)
    findings.push(at.unknown("scan-environment", `${REPORT_ENVIRONMENT} could not be read: ${plain(open.problem)}`));
  else if (open.to !== undefined)
    findings.push(
      at.warn(
        "scan-environment",
        `The environment ${REPORT_ENVIRONMENT} lets in ${plain(open.to)}; reports come from ${plain(defaultBranch)} only`,
        `Choose "Selected branches and tags" with ${plain(defaultBranch)} alone under ${settingsUrl}`,
      ),
    );
  else findings.push(at.ok("scan-environment", `Only ${plain(defaultBranch)} may use ${REPORT_ENVIRONMENT}`));
  return findings;
}

/** In one line what differs from the shipped workflow. */
function changesOf({ comparison }: ScanFacts): string | undefined {
  if (comparison === undefined) return undefined;
  if (!comparison.ok) return `it could not be compared (${comparison.problem})`;
  const { value } = comparison;
  if (value.unreadable !== undefined) return value.unreadable;
  const parts = [
    ...(value.differences.length > 0 ? [`it differs at ${value.differences.join(", ")}`] : []),
    ...(value.unpinned.length > 0 ? [`not named by a commit: ${value.unpinned.join(", ")}`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join("; ");
}

/** Whom the environment lets in besides the default branch. */
function openness({ environment }: ScanFacts, defaultBranch: string): { problem: string } | { to: string | undefined } {
  if (!environment.ok) return { problem: environment.problem };
  const { value } = environment;
  // Made on first use, without any protection.
  if (value === undefined) return { to: "every branch, once GitHub has made it" };
  if (value === "all") return { to: "every branch" };
  if (value === "protected") return { to: "every protected branch" };
  const others = value.filter((pattern) => pattern !== defaultBranch);
  if (others.length > 0) return { to: others.join(", ") };
  return value.length === 0 ? { to: "no branch at all" } : { to: undefined };
}
