import { createHash, timingSafeEqual } from "node:crypto";
import type { RepositoryRef } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import { GitHubError } from "../../ports/github.ts";
import { WorkloadIdentityUnavailable, type WorkloadRefusal } from "../../ports/workload-identity.ts";
import { wrongClaim } from "./claims.ts";
import type { Refusal, ReportScene } from "./report-scene.ts";

const TOKEN_WORDS: Record<WorkloadRefusal, string> = {
  malformed: "It is not a token of a workflow's job.",
  signature: "It is not signed by the issuer.",
  expired: "It is not for now.",
  audience: "It is meant for somebody else.",
  issuer: "It is of another issuer.",
};

/** Of a Job: 32 random bytes that stand in its Secret and nowhere else. */
export const JOB_TOKEN = /^hms-scan-[A-Za-z0-9_-]{43}$/;

/** Why whoever reports is not whom we started for this scan. A Job's token is none of a workflow, and the other way round. */
export async function distrust(scene: ReportScene): Promise<Refusal | undefined> {
  const { head, place, entry } = scene;
  const refusal = entry.value.job ? distrustJob(scene) : await distrustRun(scene);
  if (refusal) return refusal;
  if (!isSecretOf(entry.value.nonceSha256, head.nonce))
    return { why: "wrong-nonce", detail: "The nonce is not that of the scan." };
  return head.sha === place.sha ? undefined : { why: "wrong-sha", detail: "The commit is not that of the scan." };
}

function distrustJob({ head, entry }: ReportScene): Refusal | undefined {
  const { job } = entry.value;
  return job && JOB_TOKEN.test(head.token) && isSecretOf(job.tokenSha256, head.token)
    ? undefined
    : { why: "wrong-token", detail: "It is not the token of the scan's Job." };
}

async function distrustRun({ deps, head, place, entry }: ReportScene): Promise<Refusal | undefined> {
  const verified = await deps.identity.verify(head.token, deps.audience).catch((error: unknown) => {
    if (error instanceof WorkloadIdentityUnavailable) return undefined;
    throw error;
  });
  if (verified === undefined) return { why: "later", detail: "The issuer's keys cannot be had now." };
  if (!verified.ok) return { why: "wrong-token", detail: TOKEN_WORDS[verified.why] };
  const { installationId, repositoryId } = place;
  const ref = await deps.engine.records.get<RepositoryRef>(storageKey.repository(installationId, repositoryId));
  if (!ref) return { why: "later", detail: "The repository is not known at the moment." };
  const { state } = entry.value;
  const runId = "runId" in state ? state.runId : undefined;
  const botId = await deps.botId(installationId, ref.value).catch((error: unknown) => {
    if (error instanceof GitHubError) return undefined;
    throw error;
  });
  if (botId === undefined) return { why: "later", detail: "GitHub does not say now who HMS-SYS is there." };
  const claim = wrongClaim(verified.claims, { ref: ref.value, runId, botId });
  if (claim !== undefined) return { why: "wrong-claim", detail: `The claim ${claim} is not that of the run.` };
  return undefined;
}

function isSecretOf(sha256: string, secret: string): boolean {
  const own = createHash("sha256").update(secret).digest();
  const wanted = Buffer.from(sha256, "hex");
  return own.length === wanted.length && timingSafeEqual(own, wanted);
}
