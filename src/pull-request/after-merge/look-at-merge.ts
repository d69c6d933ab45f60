import { DEFAULTS } from "../../config/schema.ts";
import { formatKey, type Key } from "../../model/key.ts";
import { inlineCode } from "../../model/markdown.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { PullRequest } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import { GitHubError, type RepositoryApi } from "../../ports/github.ts";
import { type LedgerEntry, repositoryStream } from "../../ports/ledger.ts";
import type { Run } from "../../ports/run.ts";
import type { PullRequestDeps } from "../deps.ts";
import { type Bypass, bypassOf } from "./bypass.ts";

type PullKey = Key & { kind: "pull" };

/** Record `storageKey.merged`: a merge that was noticed and has not been looked at to the end. */
export interface NoticedMerge {
  sha: string;
  /** ms since the epoch when a comment was about to be posted: whoever finds it looks first whether it stands there. */
  commentBegunAtMs?: number;
}

/** A call that nobody answered may have its effect that long: https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts */
const EFFECT_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 2_000;
const ENTRIES_MAX = 100;

/**
 * A pull request that we knew open was merged. When the gate had not let it through, that is written down and, unless the repository does not
 * want it, said once in a comment. The record of the merge goes last, so that a run that was cut off is taken up again.
 */
export async function lookAtMerge(
  deps: PullRequestDeps,
  key: PullKey,
  api: RepositoryApi,
  pull: PullRequest,
  run: Run,
): Promise<Outcome> {
  const { records, ledger } = deps.engine;
  const noticedKey = storageKey.merged(key.installationId, key.repositoryId, key.number);
  const noticed = (await records.get<NoticedMerge>(noticedKey))?.value;
  if (!noticed || !pull.merge) return { kind: "done" };
  const config = await deps.configuration.read(key.installationId, api);
  const { gate } = config.valid ? config.config : DEFAULTS;
  const { by, atMs: mergedAtMs, sha: mergeSha } = pull.merge;
  const entries = await entriesAbout(deps, key, pull);
  const facts = { number: key.number, headSha: pull.headSha, mergeSha, mergedAtMs, mode: gate.mode, entries };
  const bypass = bypassOf(facts);
  if (bypass) {
    await run.fence();
    await ledger.append(repositoryStream(key), [
      {
        type: "bypass_merge",
        subject: formatKey(key),
        atMs: deps.clock.now(),
        id: `bypass_merge/${formatKey(key)}/${pull.headSha}`,
        data: { sha: pull.headSha, mergeSha, baseRef: pull.baseRef, by, mergedAtMs, ...bypass },
      },
    ]);
    if (gate.reportBypasses) {
      const said = await comment(deps, key, api, pull, run, { noticed, bypass });
      if (!said) return { kind: "requeue", afterMs: LOOK_AGAIN_MS };
    }
    deps.bypassed?.();
  }
  await records.delete(noticedKey);
  return { kind: "done" };
}

async function entriesAbout(deps: PullRequestDeps, key: PullKey, pull: PullRequest): Promise<LedgerEntry[]> {
  const { installationId, repositoryId } = key;
  const stream = repositoryStream(key);
  const ask = (query: { subject?: string; type: string }) =>
    deps.engine.ledger.query({ stream, ...query, limit: ENTRIES_MAX });
  const written = (sha: string) =>
    ask({ type: "check_written", subject: formatKey({ kind: "commit", installationId, repositoryId, sha }) });
  const groups = await ask({ type: "merge_group_verdict" });
  const tips = new Set([pull.headSha, ...(pull.merge?.sha ? [pull.merge.sha] : [])]);
  for (const { data } of groups) {
    const members = (data.members ?? []) as { number: number }[];
    if (typeof data.sha === "string" && members.some((member) => member.number === key.number)) tips.add(data.sha);
  }
  const lists = await Promise.all([ask({ type: "verdict", subject: formatKey(key) }), ...[...tips].map(written)]);
  return [...groups, ...lists.flat()];
}

/** False while an earlier attempt may still have its effect. A conversation that is locked or gone is nobody to tell. */
async function comment(
  deps: PullRequestDeps,
  key: PullKey,
  api: RepositoryApi,
  pull: PullRequest,
  run: Run,
  { noticed, bypass }: { noticed: NoticedMerge; bypass: Bypass },
): Promise<boolean> {
  const marker = `<!-- hms-bypass ${pull.headSha} -->`;
  const nowMs = deps.clock.now();
  try {
    if (noticed.commentBegunAtMs !== undefined) {
      const own = await api.ownComments(key.number);
      if (own.some((one) => one.body.includes(marker))) return true;
      if (nowMs - noticed.commentBegunAtMs < EFFECT_WITHIN_MS) return false;
    }
    const noticedKey = storageKey.merged(key.installationId, key.repositoryId, key.number);
    await deps.engine.records.put(noticedKey, { ...noticed, commentBegunAtMs: nowMs } satisfies NoticedMerge);
    await run.fence();
    await api.comment(key.number, `${bypassText(pull, bypass)}\n\n${marker}`);
    return true;
  } catch (error) {
    const final = error instanceof GitHubError && ["not-found", "refused", "forbidden"].includes(error.fault);
    if (!final) throw error;
    return true;
  }
}

const STATES: Record<string, string> = {
  none: "had not reported yet",
  in_progress: "was not decided yet",
  action_required: "was waiting for somebody",
  failure: "was not met",
};

/** Neutral: it may have been right to merge. It says what was so, for whoever looks at the pull request later. */
export function bypassText(
  { headSha, merge }: Pick<PullRequest, "headSha" | "merge">,
  { gate, rules }: Bypass,
): string {
  const by = merge?.by ? ` by ${inlineCode(merge.by)}` : "";
  const open = rules.length > 0 ? ` Rules that were not met: ${rules.map((rule) => inlineCode(rule)).join(", ")}.` : "";
  return `This was merged${by} while ${inlineCode("hms/gate")} ${STATES[gate] ?? `was ${inlineCode(gate)}`} at ${inlineCode(headSha.slice(0, 7))}.${open} The merge is in the ledger; nothing else follows from it.`;
}
