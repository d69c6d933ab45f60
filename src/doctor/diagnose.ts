import type { Diagnosis, DiagnosisLevel } from "../model/diagnosis.ts";
import { checkApp, checkInstallations } from "./check-app.ts";
import { checkProcess } from "./check-process.ts";
import { checkRepository } from "./check-repository.ts";
import { checkWebhook } from "./check-webhook.ts";
import type { Facts } from "./facts.ts";
import { findingsAt, plain } from "./finding.ts";

/** All that is to be said about the facts, in the order in which one would mend it. */
export function diagnose(facts: Facts): Diagnosis[] {
  const missing = facts.notCovered.map((name) =>
    findingsAt(plain(name)).fail(
      "not-installed",
      "No installation that is served covers this repository: no check will come",
      facts.app.ok ? `${facts.app.value.htmlUrl}/installations/new` : facts.settings.githubWebUrl,
    ),
  );
  const unlisted =
    facts.unlisted === undefined
      ? []
      : [findingsAt("repositories").unknown("repositories", `They could not be listed: ${plain(facts.unlisted)}`)];
  const rest =
    facts.leftOut > 0
      ? [
          findingsAt("repositories").warn(
            "left-out",
            `${facts.leftOut} more repositories were not looked at`,
            "Name them: hms doctor owner/name …",
          ),
        ]
      : [];
  return [
    ...checkProcess(facts),
    ...checkApp(facts),
    ...checkWebhook(facts),
    ...checkInstallations(facts),
    ...facts.repositories.flatMap((repository) => checkRepository(repository, facts)),
    ...unlisted,
    // Where the list is not whole, it proves nothing to be missing.
    ...(facts.unlisted === undefined && facts.installations.ok ? missing : []),
    ...rest,
  ];
}

/** 0: nothing to mend. 1: something is. 2: nothing was found, but not everything could be looked at. */
export function exitCodeOf(findings: readonly Diagnosis[]): 0 | 1 | 2 {
  const has = (level: DiagnosisLevel): boolean => findings.some((finding) => finding.level === level);
  return has("fail") ? 1 : has("unknown") ? 2 : 0;
}
