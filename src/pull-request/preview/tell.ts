import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Key } from "../../model/key.ts";
import type { PreviewRecord } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DeploymentStatus, Deployments } from "../../ports/deployments.ts";
import type { Engine } from "../../ports/engine.ts";
import { type GitHub, GitHubError, type RepositoryApi } from "../../ports/github.ts";
import type { Run } from "../../ports/run.ts";

/** Ends the one comment about a preview; in the middle of another of our comments it could be somebody's words. */
const COMMENT_MARKER = "<!-- hms-preview -->";
/** How long what GitHub refused is not tried again while it would say the same: an owner may have accepted the permission by then. */
const REFUSED_FOR_MS = 60 * 60_000;

/** Record `storageKey.previewTold`. */
interface PreviewTold {
  /** The deployment that stands for the preview now. */
  deployment?: { id: number; sha: string };
  /** A deployment of this commit is about to be made: GitHub may have it although nothing says so here. */
  begun?: string;
  /** Its last status. */
  status?: DeploymentStatus;
  comment?: { id: number; digest: string };
  /** Somebody deleted the comment while this was the head: there is none until the next push. */
  commentDeletedAt?: string;
  /** What GitHub would not take, and when; by what it was. */
  refused?: Partial<Record<"deployment" | "comment", { digest: string; atMs: number; why: string }>>;
}

interface TellDeps {
  github: Pick<GitHub, "previewDeployments">;
  engine: { records: Engine["records"] };
  clock: Clock;
  /** Told once of what GitHub does not let us say, such as a permission that no owner has accepted yet. */
  untold?(what: "deployment" | "comment", why: string): void;
}

interface PreviewWords {
  /** The comment in Markdown, without a marker; undefined where the configuration wants none. */
  comment: string | undefined;
  /** The page about this preview. */
  logUrl?: string;
}

/**
 * Says on GitHub what is known of a preview, where that is not what stands there already: the deployment of its commit and the one comment. After a
 * crash it finds what it had made. What GitHub refuses fails nothing: `hms/preview` says the same.
 */
export async function tellGitHub(
  deps: TellDeps,
  key: Key & { kind: "preview" },
  api: Pick<RepositoryApi, "ref" | "comment" | "ownComments">,
  record: PreviewRecord,
  words: PreviewWords,
  run: Pick<Run, "fence">,
): Promise<void> {
  const { installationId, repositoryId, number } = key;
  const toldKey = storageKey.previewTold(installationId, repositoryId, number);
  const told = (await deps.engine.records.get<PreviewTold>(toldKey))?.value ?? {};
  const teller: Teller = {
    deps,
    told,
    run,
    deployments: deps.github.previewDeployments(installationId, api.ref),
    keep: async () => {
      await deps.engine.records.put(toldKey, told);
    },
  };
  const status = deploymentStatusOf(record, words.logUrl);
  await unlessRefused(teller, "deployment", digestOf([record.sha, status]), () =>
    tellDeployment(teller, `preview/pr-${number}`, record.sha, status),
  );
  const { comment } = words;
  if (comment === undefined) return;
  const body = `${comment}\n\n${COMMENT_MARKER}`;
  await unlessRefused(teller, "comment", digestOf([record.sha, body]), () =>
    tellComment(teller, api, number, record.sha, body),
  );
}

interface Teller {
  deps: TellDeps;
  told: PreviewTold;
  run: Pick<Run, "fence">;
  deployments: Deployments;
  /** Writes `told` down. */
  keep(): Promise<void>;
}

/** What a deployment of the preview's commit would say; undefined where there is nothing deployed, nor about to be. Only what is known is a success. */
function deploymentStatusOf(record: PreviewRecord, logUrl: string | undefined): DeploymentStatus | undefined {
  const state = record.unknown === undefined ? STATES[record.state] : UNREADABLE[record.state];
  if (state === undefined) return undefined;
  const why = record.unknown ?? record.reasons[0]?.message;
  const text = record.unknown === undefined ? TEXTS[record.state] : "The cluster cannot be read at the moment";
  return {
    state,
    description: why && state !== "success" ? `${text}: ${why}` : text,
    ...(state === "success" && record.url !== undefined ? { environmentUrl: record.url } : {}),
    ...(logUrl === undefined ? {} : { logUrl }),
  };
}

const STATES: Record<PreviewRecord["state"], DeploymentStatus["state"] | undefined> = {
  disabled: undefined,
  skipped: undefined,
  blocked: undefined,
  queued: "queued",
  provisioning: "in_progress",
  healthy: "success",
  degraded: "failure",
  failed: "failure",
  sleeping: "inactive",
  "tearing-down": "inactive",
  gone: "inactive",
};

/** Of a cluster that cannot be read: what was green is not known to be. */
const UNREADABLE: typeof STATES = { ...STATES, healthy: "in_progress", degraded: "in_progress", failed: "in_progress" };

const TEXTS: Record<PreviewRecord["state"], string> = {
  disabled: "There are no previews",
  skipped: "There is no preview",
  blocked: "Waiting for people",
  queued: "Waiting",
  provisioning: "Being made",
  healthy: "Ready",
  degraded: "Not healthy any more",
  failed: "Failed",
  sleeping: "Asleep",
  "tearing-down": "Being removed",
  gone: "Removed",
};

async function tellDeployment(
  { told, run, deployments, keep }: Teller,
  environment: string,
  sha: string,
  status: DeploymentStatus | undefined,
): Promise<void> {
  const ended: DeploymentStatus = { state: "inactive", description: "Replaced by a newer commit" };
  const live = status !== undefined && status.state !== "inactive";
  const wanted = live ? sha : (told.begun ?? told.deployment?.sha);
  if (wanted === undefined) return;
  if (told.begun !== undefined || told.deployment?.sha !== wanted) {
    const own = await deployments.own(environment);
    const before = new Set([told.deployment?.sha, told.begun]);
    for (const old of own.filter((one) => one.sha !== wanted && before.has(one.sha))) {
      await run.fence();
      await deployments.addStatus(old.id, ended);
    }
    let id = own.find((one) => one.sha === wanted)?.id;
    if (id === undefined && live) {
      told.begun = sha;
      await keep();
      await run.fence();
      ({ id } = await deployments.create({ sha, environment, description: "Preview of this pull request" }));
    }
    if (id !== undefined) {
      told.deployment = { id, sha: wanted };
      delete told.status;
    }
    delete told.begun;
    await keep();
  }
  if (told.deployment === undefined) return;
  const now = told.deployment.sha === sha ? (status ?? ended) : ended;
  if (isDeepStrictEqual(told.status, now)) return;
  await run.fence();
  await deployments.addStatus(told.deployment.id, now);
  told.status = now;
  await keep();
}

async function tellComment(
  { told, run, deployments, keep }: Teller,
  api: Pick<RepositoryApi, "comment" | "ownComments">,
  number: number,
  sha: string,
  body: string,
): Promise<void> {
  const digest = digestOf(body);
  if (told.comment?.digest === digest) return;
  if (told.comment === undefined && told.commentDeletedAt === sha) return;
  // The answer to the last try may have been lost, and the comment stand there.
  const id = told.comment?.id ?? (await api.ownComments(number)).find((one) => one.body.endsWith(COMMENT_MARKER))?.id;
  await run.fence();
  if (id === undefined) told.comment = { id: (await api.comment(number, body)).id, digest };
  else if (await deployments.updateComment(id, body)) told.comment = { id, digest };
  else {
    delete told.comment;
    told.commentDeletedAt = sha;
  }
  if (told.comment !== undefined) delete told.commentDeletedAt;
  await keep();
}

/** What GitHub refuses is written down and said once; while it would be the same it is left alone for an hour. Everything else is an error. */
async function unlessRefused(
  { deps, told, keep }: Teller,
  what: "deployment" | "comment",
  digest: string,
  tell: () => Promise<void>,
): Promise<void> {
  const last = told.refused?.[what];
  if (last?.digest === digest && deps.clock.now() - last.atMs < REFUSED_FOR_MS) return;
  try {
    await tell();
  } catch (error) {
    const final = error instanceof GitHubError && FINAL.has(error.fault) && error.about !== "installation";
    if (!final) throw error;
    told.refused = { ...told.refused, [what]: { digest, atMs: deps.clock.now(), why: error.message } };
    await keep();
    if (last?.why !== error.message) deps.untold?.(what, error.message);
    return;
  }
  if (last === undefined) return;
  delete told.refused?.[what];
  await keep();
}

const FINAL: ReadonlySet<GitHubError["fault"]> = new Set(["forbidden", "not-found", "refused"]);

function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
