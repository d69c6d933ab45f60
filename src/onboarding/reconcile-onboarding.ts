import { createHash } from "node:crypto";
import type { Logger } from "pino";
import { CONFIG_PATH } from "../config/effective.ts";
import { formatKey, type Key } from "../model/key.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import { GitHubError } from "../ports/github.ts";
import { repositoryStream } from "../ports/ledger.ts";
import type { Proposals } from "../ports/proposals.ts";
import type { RecordEntry } from "../ports/records.ts";
import type { Run } from "../ports/run.ts";
import { type PastMerge, proposalText } from "./proposal-text.ts";
import { PROPOSED_FILE } from "./proposed-file.ts";

export interface OnboardingDeps {
  engine: Engine;
  proposals(installationId: number, ref: RepositoryRef): Proposals;
  /** What the gate would have said about a merged pull request. */
  judge(installationId: number, ref: RepositoryRef, number: number): Promise<PastMerge>;
  publicUrl: string;
  clock: Clock;
  log: Logger;
}

const BRANCH = "hms-sys/onboarding";
const MERGES_MAX = 30;
/** An installation with hundreds of repositories gets its proposals one after the other. */
const ONE_PER_MS = 60_000;

/** Record `storageKey.onboarding`: the repository was dealt with, and is never proposed to again. */
interface Onboarded {
  result: "configured" | "proposed" | "proposed-before" | "refused";
  pull?: number;
}

/** One pull request with a commented hms.yml for a repository that has none. Cut off anywhere, it goes on where it was. */
export async function reconcileOnboarding(
  deps: OnboardingDeps,
  key: Key & { kind: "onboarding" },
  ref: RepositoryRef,
  run: Run,
): Promise<Outcome> {
  const { records } = deps.engine;
  const { installationId, repositoryId } = key;
  const doneKey = storageKey.onboarding(installationId, repositoryId);
  if (await records.get(doneKey)) return { kind: "done" };
  const api = deps.proposals(installationId, ref);
  if (!(await api.mayWrite())) return { kind: "done" };
  const waitMs = waitOf(await turnOf(deps, installationId), repositoryId, deps.clock.now());
  if (waitMs > 0) return { kind: "requeue", afterMs: waitMs };
  const end = async (onboarded: Onboarded): Promise<Outcome> => {
    await records.put(doneKey, onboarded);
    return { kind: "done" };
  };
  const base = await api.branchHead(ref.defaultBranch);
  // A repository without commits is looked at again when the installation is.
  if (base === undefined) return { kind: "done" };
  if (await api.hasFile(ref.defaultBranch, CONFIG_PATH)) return end({ result: "configured" });
  const before = await api.pullFrom(BRANCH);
  if (before !== undefined) return end({ result: "proposed-before", pull: before });
  if (!(await takeTurn(deps, installationId, repositoryId))) return { kind: "requeue", afterMs: ONE_PER_MS };
  const merges = await pastMerges(deps, installationId, ref, api);
  try {
    await run.fence();
    if ((await api.branchHead(BRANCH)) === undefined) await api.createBranch(BRANCH, base);
    if (!(await api.hasFile(BRANCH, CONFIG_PATH)))
      await api.addFile(BRANCH, CONFIG_PATH, PROPOSED_FILE, "Add a first configuration of HMS-SYS");
    // Somebody may have pushed there before us, and what we propose is approved as ours: it has to be.
    const head = await api.branchHead(BRANCH);
    if (head === undefined || !isOurs(await api.brings(base, head))) {
      deps.log.warn({ branch: BRANCH }, "a first configuration is not proposed from a branch that holds other changes");
      return end({ result: "refused" });
    }
    await run.fence();
    const pull = await api.openPull({
      branch: BRANCH,
      base: ref.defaultBranch,
      title: "Configure HMS-SYS",
      body: proposalText(merges, deps.publicUrl),
    });
    const stopped = merges.filter(({ outcome }) => outcome !== "allow").length;
    await deps.engine.ledger.append(repositoryStream(key), [
      {
        type: "onboarding_proposed",
        subject: formatKey({ kind: "pull", installationId, repositoryId, number: pull }),
        atMs: deps.clock.now(),
        id: `onboarding/${repositoryId}`,
        data: { pull, merges: merges.length, stopped },
      },
    ]);
    return end({ result: "proposed", pull });
  } catch (error) {
    // An archived repository, or a rule against our branch: not ours to insist.
    if (error instanceof GitHubError && (error.fault === "forbidden" || error.fault === "refused")) {
      deps.log.info({ err: error }, "a first configuration could not be proposed");
      return end({ result: "refused" });
    }
    throw error;
  }
}

function isOurs({ commits, files }: Awaited<ReturnType<Proposals["brings"]>>): boolean {
  const [file] = files;
  const blobSha = createHash("sha1")
    .update(`blob ${Buffer.byteLength(PROPOSED_FILE)}\0${PROPOSED_FILE}`)
    .digest("hex");
  return commits === 1 && files.length === 1 && file?.path === CONFIG_PATH && file.blobSha === blobSha;
}

/** Whose turn it was last: one that was cut off goes on with its own. */
type Turn = RecordEntry<{ atMs: number; repositoryId: number }> | undefined;

function turnOf(deps: OnboardingDeps, installationId: number): Promise<Turn> {
  return deps.engine.records.get<{ atMs: number; repositoryId: number }>(storageKey.onboardingTurn(installationId));
}

/** ms until it is this repository's turn; 0: now. */
function waitOf(last: Turn, repositoryId: number, nowMs: number): number {
  return last && last.value.repositoryId !== repositoryId
    ? Math.max(0, Math.min(last.value.atMs + ONE_PER_MS - nowMs, ONE_PER_MS))
    : 0;
}

/** False when another repository was first. */
async function takeTurn(deps: OnboardingDeps, installationId: number, repositoryId: number): Promise<boolean> {
  const last = await turnOf(deps, installationId);
  const atMs = deps.clock.now();
  if (waitOf(last, repositoryId, atMs) > 0) return false;
  const key = storageKey.onboardingTurn(installationId);
  return (await deps.engine.records.compareAndSwap(key, { atMs, repositoryId }, last?.revision ?? 0)) !== undefined;
}

/** What cannot be judged any more (a head that is gone) is left out of the comparison. */
async function pastMerges(
  deps: OnboardingDeps,
  installationId: number,
  ref: RepositoryRef,
  api: Proposals,
): Promise<PastMerge[]> {
  const merges: PastMerge[] = [];
  for (const number of await api.mergedPulls(MERGES_MAX)) {
    try {
      merges.push(await deps.judge(installationId, ref, number));
    } catch (error) {
      const gone = error instanceof GitHubError && (error.fault === "not-found" || error.fault === "refused");
      if (!gone) throw error;
    }
  }
  return merges;
}
