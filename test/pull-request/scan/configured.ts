import { parseHmsYml } from "../../../src/config/hms-yml.ts";
import { mergeConfig } from "../../../src/config/merge.ts";
import type { ScanConfig } from "../../../src/config/scan.ts";

/** What hms.yml with these scans comes to. */
export function configured(scan: string): ScanConfig {
  const parsed = parseHmsYml(`version: 1\nscan: ${scan}\n`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const merged = mergeConfig(undefined, parsed.config);
  if (!merged.ok) throw new Error(JSON.stringify(merged.problems));
  return merged.config.scan;
}
