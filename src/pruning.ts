import { storageKey } from "./model/storage-key.ts";
import type { TrackedPull } from "./model/tracked-pull.ts";
import type { Records } from "./ports/records.ts";

const DAY_MS = 24 * 3_600_000;
const KEEP_MS = 30 * DAY_MS;
const KEEP_CLOSED_MS = 90 * DAY_MS;
/** What became of a finding is of use for as long as its waiver may hold, and longer. */
const KEEP_HISTORY_MS = 365 * DAY_MS;

/**
 * Kinds of which every push or pull request adds some. What they say can be read or computed anew, is only a hint, or is over; what people
 * asked for, and what became of installations, is in none of them. Sessions of before a revocation end long before it is forgotten.
 */
const PASSING = [
  "change",
  "check",
  "findings",
  "findings-part",
  "group",
  "group-ended",
  "group-member",
  "head-base",
  "merged",
  "placed",
  "preview-source",
  "pushed",
  "pusher",
  "quality-awaited",
  "revoked",
  "same-change",
  "scan",
  "scan-again",
  "scan-by-id",
  "scan-result",
  "scan-run",
  "scan-upload",
  "scan-wanted",
  "scan-wanting",
];

/** Lets go of what no open pull request needs and nobody has written for long: a store would otherwise grow with every push. */
export async function pruneRecords(records: Pick<Records, "list" | "prune">): Promise<void> {
  const needed = new Set<string>();
  const heads = new Set<string>();
  for (const { key, value } of await records.list<TrackedPull>(storageKey.allPulls())) {
    if (value.state !== "open") continue;
    const [, installationId, repositoryId, number] = key.split("/");
    heads.add(value.headSha);
    for (const part of [number, value.headSha]) needed.add(`${installationId}/${repositoryId}/${part}`);
  }
  // Approvals of an earlier head may be carried to the one of today.
  for (const { key } of await records.list("head-base/")) {
    const [, installationId, repositoryId, number, sha] = key.split("/");
    const repository = `${installationId}/${repositoryId}`;
    if (needed.has(`${repository}/${number}`)) needed.add(`${repository}/${sha}`);
  }
  // What is compared with is the merge base's.
  for (const { key } of await records.list("scan-wanted/")) {
    const [, installationId, repositoryId, sha, number] = key.split("/");
    const repository = `${installationId}/${repositoryId}`;
    if (needed.has(`${repository}/${number}`)) needed.add(`${repository}/${sha}`);
  }
  // Any part may be a commit or a pull request's number; what only looks like one is kept, too.
  const isNeeded = (key: string): boolean => {
    const [, installationId, repositoryId, ...parts] = key.split("/");
    return parts.some((part) => needed.has(`${installationId}/${repositoryId}/${part}`));
  };
  for (const kind of PASSING) await records.prune(`${kind}/`, KEEP_MS, ({ key }) => isNeeded(key));
  // A server of another kind announces by commit, and knows no installation.
  await records.prune("quality-announced/", KEEP_MS, ({ key }) => heads.has(key.split("/")[1] ?? ""));
  const isOpen = ({ value }: { value: unknown }): boolean => (value as TrackedPull).state !== "closed";
  await records.prune(storageKey.allFindings, KEEP_HISTORY_MS, () => false);
  await records.prune(storageKey.allPulls(), KEEP_CLOSED_MS, isOpen);
}
