import type { Diagnosis } from "../model/diagnosis.ts";
import type { Facts, RepositoryFacts } from "./facts.ts";
import { findingsAt, plain } from "./finding.ts";

const READ = "See docs/scans.md#sonarqube";

/** The operator's SonarQube server as such; nothing where none is named. */
export function checkQualityServer({ quality }: Facts): Diagnosis[] {
  if (quality === undefined) return [];
  const at = findingsAt("sonarqube");
  return quality.ok
    ? [at.ok("sonarqube", `SonarQube ${plain(quality.value)} answers, and takes the token`)]
    : [at.fail("sonarqube", `SonarQube cannot be asked: ${plain(quality.problem)}`, `${READ}: url and token.`)];
}

/** Whether a repository that asks the server about a project may, and would be answered. */
export function checkQuality({ owner, name, installationId, repositoryId, quality }: RepositoryFacts): Diagnosis[] {
  if (quality === undefined) return [];
  const at = findingsAt(`${owner}/${name}`, { owner, installationId, repositoryId });
  return quality.ok
    ? [at.ok("sonarqube-project", `SonarQube lets HMS-SYS read the project ${plain(quality.value)}`)]
    : [
        at.fail(
          "sonarqube-project",
          `No scan of kind quality can be made: ${plain(quality.problem)}`,
          `${READ}: HMS_SONARQUBE, its projects, and what the token may browse.`,
        ),
      ];
}
