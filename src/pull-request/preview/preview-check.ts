import type { Key } from "../../model/key.ts";
import type { PreviewRecord } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Records } from "../../ports/records.ts";
import { previewCheck } from "../../preview/preview.ts";
import type { CheckContent } from "../at-commit.ts";

/** `hms/preview` of the head commit, where there is something to say. What once was green there does not stay so when nothing is known any more. */
export async function headPreviewCheck(
  records: Pick<Records, "get">,
  { installationId, repositoryId }: Key & { kind: "pull" },
  sha: string,
  record: PreviewRecord | undefined,
): Promise<CheckContent[]> {
  const name = "hms/preview";
  const shown = (await records.get(storageKey.check(installationId, repositoryId, sha, name))) !== undefined;
  if (record !== undefined) {
    const check = previewCheck(sha, record, shown);
    return check === undefined ? [] : [check];
  }
  const title = "Nothing is known of this commit's preview";
  return shown ? [{ name, sha, state: { status: "in_progress" }, title, summary: `${title} at the moment.` }] : [];
}
