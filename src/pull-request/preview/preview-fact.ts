import type { PreviewConfig } from "../../config/preview.ts";
import type { CheckerPreview } from "../../model/checker-input.ts";
import { matchesPath, readPattern } from "../../model/path-pattern.ts";
import type { PreviewRecord } from "../../model/preview.ts";
import type { PullRequest } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { RepositoryApi } from "../../ports/github.ts";
import type { Records } from "../../ports/records.ts";

/** Longer reasons say no more to a policy. */
const REASON_MAX = 500;

/** What is known of the preview of the head commit, and what the gate's policy is told of it. */
export interface SeenPreview {
  /** Of this very commit. */
  record: PreviewRecord | undefined;
  fact: CheckerPreview | null;
}

/** @param wasHealthy whether it was seen healthy at this commit before. */
export async function readPreview(
  { api, records, installationId }: { api: RepositoryApi; records: Records; installationId: number },
  pull: PullRequest,
  config: PreviewConfig | undefined,
  wasHealthy: boolean,
): Promise<SeenPreview> {
  const key = storageKey.preview(installationId, api.ref.id, pull.number);
  const found = (await records.get<PreviewRecord>(key))?.value;
  const record = found?.sha === pull.headSha ? found : undefined;
  if (config === undefined) return { record, fact: null };
  const state = stateOf(record);
  return {
    record,
    fact: {
      state,
      reason: (record?.unknown ?? record?.reasons[0]?.message ?? "").slice(0, REASON_MAX).toWellFormed(),
      concerned: !config.required || (await changesPreviewed(api, pull, config.when.paths)),
      was_healthy: wasHealthy || state === "healthy",
    },
  };
}

/** What is being removed, or gone although the pull request is open, is on its way to something else. */
function stateOf(record: PreviewRecord | undefined): CheckerPreview["state"] {
  if (record === undefined || record.unknown !== undefined) return "unknown";
  return record.state === "tearing-down" || record.state === "gone" ? "unknown" : record.state;
}

/** Only a whole list of files, of this very head and base, can show that nothing previewed is changed. */
async function changesPreviewed(api: RepositoryApi, pull: PullRequest, paths: readonly string[]): Promise<boolean> {
  if (paths.length === 0) return true;
  const { files, complete } = await api.pullFiles(pull);
  const patterns = paths.map(readPattern);
  if (!complete || patterns.includes(undefined)) return true;
  const changed = files.flatMap(({ path, previousPath }) => [path, ...(previousPath ? [previousPath] : [])]);
  if (changed.some((path) => patterns.some((pattern) => pattern && matchesPath(pattern, path)))) return true;
  const now = await api.pull(pull.number);
  return now.headSha !== pull.headSha || now.baseRef !== pull.baseRef;
}
