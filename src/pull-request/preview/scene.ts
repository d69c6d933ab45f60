import type { PreviewConfig } from "../../config/preview.ts";
import type { PreviewKey } from "../../model/key.ts";
import type { PreviewOwner, PreviewRecord, PreviewWish } from "../../model/preview.ts";
import type { PullRequest } from "../../model/pull-request.ts";
import type { RepositoryApi } from "../../ports/github.ts";
import type { Run } from "../../ports/run.ts";
import type { PreviewDeps } from "./deps.ts";

/** Everything that one run knows before it looks at a cluster. */
export interface PreviewScene {
  deps: PreviewDeps;
  key: PreviewKey;
  run: Run;
  api: RepositoryApi;
  pull: PullRequest;
  /** Of its head. */
  sha: string;
  /** Null where hms.yml asks for no previews. */
  config: PreviewConfig | null;
  owner: PreviewOwner;
  slug: string;
  wish: PreviewWish;
  before: PreviewRecord | undefined;
  /** ms since the epoch. */
  nowMs: number;
}

/** What a run found: the record to be, and when to look again although nothing tells of a change. */
export interface PreviewFound {
  record: PreviewRecord;
  lookAgainMs?: number | undefined;
  /** Why it was placed where it is, for the ledger. */
  thought?: Record<string, unknown>;
}

/** A record of which nothing is known yet. */
export function blank({ sha, slug, nowMs }: Pick<PreviewScene, "sha" | "slug" | "nowMs">): PreviewRecord {
  return {
    state: "queued",
    sha,
    slug,
    reasons: [],
    parts: [],
    made: [],
    sinceMs: nowMs,
    activeAtMs: nowMs,
  };
}
