import { CONFIG_PATH } from "../config/effective.ts";
import type { Diagnosis } from "../model/diagnosis.ts";
import type { InspectedBranch, InspectedInstallation } from "../ports/inspection.ts";
import { reaches } from "./check-app.ts";
import type { Facts, RepositoryFacts } from "./facts.ts";
import { findingsAt, plain, quoted } from "./finding.ts";
import { branchesUrl, fileUrl, rulesUrl } from "./links.ts";

const GATE = "hms/gate";

/** One repository: its configuration, and whether the gate is asked for, of us and of nobody else. */
export function checkRepository(repository: RepositoryFacts, facts: Facts): Diagnosis[] {
  const at = findingsOf(repository);
  const { branches } = repository;
  if (!branches.ok)
    return [
      ...checkConfiguration(repository, facts),
      at.unknown("gate", `Its branches could not be read: ${plain(branches.problem)}`),
    ];
  const more = repository.moreBranches
    ? [
        at.unknown(
          "gate",
          `It has more protected branches than were looked at (${branches.value.length})`,
          rulesUrl(facts.settings.githubWebUrl, repository),
        ),
      ]
    : [];
  return [
    ...checkConfiguration(repository, facts),
    ...branches.value.flatMap((branch) => checkBranch(branch, repository, facts)),
    ...more,
  ];
}

function findingsOf({ owner, name, installationId, repositoryId }: RepositoryFacts) {
  return findingsAt(`${owner}/${name}`, { owner, installationId, repositoryId });
}

function checkConfiguration(repository: RepositoryFacts, { settings }: Facts): Diagnosis[] {
  const at = findingsOf(repository);
  const { configuration } = repository;
  if (!configuration.ok) return [at.unknown("config", `hms.yml could not be read: ${plain(configuration.problem)}`)];
  const found = configuration.value;
  if (found.valid) return [at.ok("config", `hms.yml is valid; the gate is in ${found.config.gate.mode} mode`)];
  const own = found.file === CONFIG_PATH;
  return found.problems.map((problem) => {
    const line = "line" in problem ? problem.line : undefined;
    const place = line === undefined ? found.file : `${found.file}:${line}:${"column" in problem ? problem.column : 1}`;
    const at_ = own ? repository : { owner: repository.owner, name: ".github" };
    const url = fileUrl(settings.githubWebUrl, at_, own ? repository.defaultBranch : "HEAD", CONFIG_PATH, line);
    return at.fail(
      "config",
      `${plain(place)}: ${plain(problem.message)}; while it stands, the gate stays closed`,
      `${url} (at your desk: hms config check ${CONFIG_PATH})`,
    );
  });
}

function checkBranch(branch: InspectedBranch, repository: RepositoryFacts, facts: Facts): Diagnosis[] {
  const name = plain(branch.name);
  const at = findingsOf(repository);
  const web = facts.settings.githubWebUrl;
  const asked = branch.checks.filter(({ context }) => context === GATE);
  const { appId } = facts.settings;
  const shadow =
    repository.configuration.ok &&
    repository.configuration.value.valid &&
    repository.configuration.value.config.gate.mode === "shadow";
  const findings: Diagnosis[] = [];
  const settingsPage =
    asked.some(({ source }) => source === "ruleset") || asked.length === 0
      ? rulesUrl(web, repository)
      : branchesUrl(web, repository);
  if (shadow) {
    findings.push(
      asked.length > 0
        ? at.fail(
            "gate-shadow-required",
            `${name} requires ${GATE}, but the repository is in shadow mode: the check never comes, and nothing can be merged`,
            `Take it out under ${settingsPage}, or set gate.mode: enforce in ${CONFIG_PATH}.`,
          )
        : at.ok("gate", `${name}: shadow mode, and ${GATE} is not required`),
    );
  } else if (asked.length === 0) {
    findings.push(
      at.fail(
        "gate-not-required",
        `${name} does not require ${GATE}: whatever it says, anyone may merge`,
        `Require ${GATE} with this App (${appId}) as its source under ${settingsPage}, or run:`,
        rulesetCommand(branch, repository, appId),
      ),
    );
  } else if (asked.some((check) => check.appId !== undefined && check.appId !== appId)) {
    findings.push(
      at.fail(
        "gate-pinned-elsewhere",
        `${name} requires ${GATE} from another App (${asked.find((check) => check.appId !== appId)?.appId}): it waits for ever`,
        `Choose this App (${appId}) as its source under ${settingsPage}`,
      ),
    );
  } else if (asked.every((check) => check.appId === undefined)) {
    findings.push(
      at.fail(
        "gate-not-pinned",
        `${name} requires ${GATE} of anyone: a workflow can report it in our name`,
        `Choose this App (${appId}) as its source under ${settingsPage}, or run:`,
        rulesetCommand(branch, repository, appId),
      ),
    );
  } else {
    findings.push(at.ok("gate", `${name} requires ${GATE} of this App`));
  }
  if (branch.adminsBypass)
    findings.push(
      at.warn(
        "admins-bypass",
        `${name}: administrators may merge past the checks`,
        `Tick "Do not allow bypassing the above settings" under ${branchesUrl(web, repository)}`,
      ),
    );
  if (branch.staleApprovals)
    findings.push(
      at.warn(
        "stale-approvals",
        `${name}: GitHub keeps approvals when new commits are pushed`,
        `Tick "Dismiss stale pull request approvals" under ${rulesUrl(web, repository)}, or ask for gate.approvals in ${CONFIG_PATH}.`,
      ),
    );
  return [...findings, ...checkMergeQueue(branch, repository, facts)];
}

function checkMergeQueue(branch: InspectedBranch, repository: RepositoryFacts, { installations }: Facts): Diagnosis[] {
  if (!branch.mergeQueue) return [];
  const at = findingsOf(repository);
  const own: InspectedInstallation | undefined = installations.ok
    ? installations.value.find(({ id }) => id === repository.installationId)
    : undefined;
  const name = plain(branch.name);
  if (!own) return [at.unknown("merge-queue", `${name} has a merge queue, but the installation could not be read`)];
  const missing = [
    ...(reaches(own.permissions.merge_queues, "read") ? [] : ["the permission merge_queues: read"]),
    ...(own.events.includes("merge_group") ? [] : ["the event merge_group"]),
  ];
  if (missing.length === 0) return [at.ok("merge-queue", `${name} has a merge queue, and its groups are judged`)];
  return [
    at.fail(
      "merge-queue",
      `${name} has a merge queue, but the installation lacks ${missing.join(" and ")}: every group waits for the gate until it times out`,
      `Add it to the App, then accept: ${own.htmlUrl}/permissions/update`,
    ),
  ];
}

/** One ruleset of its own, so that nothing that is there is changed. */
function rulesetCommand(branch: InspectedBranch, repository: RepositoryFacts, appId: number): string {
  const include = branch.name === repository.defaultBranch ? "~DEFAULT_BRANCH" : `refs/heads/${branch.name}`;
  const ruleset = {
    name: GATE,
    target: "branch",
    enforcement: "active",
    conditions: { ref_name: { include: [include], exclude: [] } },
    rules: [
      {
        type: "required_status_checks",
        parameters: {
          strict_required_status_checks_policy: false,
          required_status_checks: [{ context: GATE, integration_id: appId }],
        },
      },
    ],
  };
  return `echo ${quoted(JSON.stringify(ruleset))} | gh api -X POST repos/${repository.owner}/${repository.name}/rulesets --input -`;
}
