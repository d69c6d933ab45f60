import { projectFor, type SonarQube } from "../config/sonarqube.ts";
import type { QualityServer } from "../ports/quality-server.ts";
import type { Asked } from "./asked.ts";
import type { RepositoryFacts } from "./facts.ts";

/** The operator's SonarQube server, as the process would ask it. */
export interface QualityDeps {
  server: Pick<QualityServer, "access">;
  bound: Pick<SonarQube, "projects">;
}

/** Whether the server answers and takes our token: its version. */
export async function qualityAnswers({ server }: QualityDeps): Promise<Asked<string>> {
  const access = await server.access(undefined);
  return access.ok ? { ok: true, value: access.version } : access;
}

/** A repository with the project that it asks the server about, if it asks. */
export async function withQuality(facts: RepositoryFacts, deps: QualityDeps | undefined): Promise<RepositoryFacts> {
  const { configuration, owner, name } = facts;
  if (!configuration.ok || !configuration.value.valid) return facts;
  const scan = configuration.value.config.scan.dispatched.quality;
  if (scan?.tool !== "sonarqube") return facts;
  if (!deps) {
    const problem = "The operator of HMS-SYS has connected no SonarQube server.";
    return { ...facts, quality: { ok: false, problem } };
  }
  const meant = projectFor(deps.bound, { owner, name }, scan.project);
  if ("reason" in meant) return { ...facts, quality: { ok: false, problem: meant.reason } };
  const access = await deps.server.access(meant.project);
  return { ...facts, quality: access.ok ? { ok: true, value: meant.project } : access };
}
