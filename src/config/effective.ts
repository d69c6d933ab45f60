import { type ConfigProblem, parseHmsYml } from "./hms-yml.ts";
import { mergeConfig } from "./merge.ts";
import type { HmsConfig, HmsFile } from "./schema.ts";

export const CONFIG_PATH = ".github/hms.yml";

/** The configuration in force for a repository: always from default branches, whatever a pull request says (invariant I4). */
export type EffectiveConfig =
  | { valid: true; config: HmsConfig }
  | { valid: false; file: string; problems: (ConfigProblem | { path: string; message: string })[] };

/** Pure: the two files' texts (undefined: not there) to what is in force. A broken file never falls back to defaults. */
export function effectiveConfig(
  organisationYml: string | undefined,
  repositoryYml: string | undefined,
  scope: "repository" | "organisation",
): EffectiveConfig {
  let organisation: HmsFile | undefined;
  let repository: HmsFile | undefined;
  if (organisationYml !== undefined) {
    const parsed = parseHmsYml(organisationYml, { scope: "organisation" });
    if (!parsed.ok) return { valid: false, file: "the organisation's .github repository", problems: parsed.problems };
    organisation = parsed.config;
  }
  if (repositoryYml !== undefined) {
    const parsed = parseHmsYml(repositoryYml, { scope });
    if (!parsed.ok) return { valid: false, file: CONFIG_PATH, problems: parsed.problems };
    repository = parsed.config;
  }
  const merged = mergeConfig(organisation, repository);
  return merged.ok
    ? { valid: true, config: merged.config }
    : { valid: false, file: CONFIG_PATH, problems: merged.problems };
}
