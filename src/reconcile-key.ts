import { actOnIntents } from "./commands/act.ts";
import { actOnPresses } from "./commands/press.ts";
import { reconcileInstallation } from "./intake/installation.ts";
import { allowed, reconcileRepository, type SweepDeps } from "./intake/sweep.ts";
import { formatKey, type Key, parseKey } from "./model/key.ts";
import type { Outcome } from "./model/outcome.ts";
import type { RepositoryRef } from "./model/pull-request.ts";
import { storageKey } from "./model/storage-key.ts";
import { type NotificationDeps, reconcileNotices } from "./notifications/reconcile-notices.ts";
import { type OnboardingDeps, reconcileOnboarding } from "./onboarding/reconcile-onboarding.ts";
import { repositoryStream } from "./ports/ledger.ts";
import type { InstallationState } from "./ports/life-cycle.ts";
import type { Run } from "./ports/run.ts";
import { span } from "./ports/span.ts";
import { lookAtPush } from "./pull-request/after-merge/direct-push.ts";
import type { PullRequestDeps } from "./pull-request/deps.ts";
import { reconcileMergeGroup, rejudgeGroupsOf, sweepGroups } from "./pull-request/merge-group/reconcile-merge-group.ts";
import type { PreviewDeps } from "./pull-request/preview/deps.ts";
import { reconcilePreview } from "./pull-request/preview/reconcile-preview.ts";
import { takeDownUninstalled } from "./pull-request/preview/take-down-uninstalled.ts";
import { reconcilePull } from "./pull-request/reconcile.ts";
import { reconcileCommit } from "./pull-request/reconcile-commit.ts";
import type { ScanDeps } from "./pull-request/scan/deps.ts";
import { reconcileScans } from "./pull-request/scan/reconcile-scans.ts";
import { sweepScans } from "./pull-request/scan/want-scans.ts";

/** Whatever a key may need; a room that is turned off is not there. */
export interface Rooms {
  pulls: PullRequestDeps;
  previews: PreviewDeps;
  scans: ScanDeps;
  sweep: SweepDeps;
  notifications: NotificationDeps | undefined;
  onboarding: OnboardingDeps | undefined;
}

/** One key, whatever it is. People's requests first: what they ask may change what the rest reads. */
export async function reconcile(rooms: Rooms, run: Run): Promise<Outcome> {
  const { pulls: deps, sweep, notifications, onboarding } = rooms;
  const key = parseKey(run.key);
  await tellDeliveries(deps, key, run);
  if (key.kind === "installation") {
    const outcome = await reconcileInstallation(sweep, key);
    if (onboarding) await onboardLater(deps, key);
    return (await takeDownUninstalled(rooms.previews, key, run)) ?? outcome;
  }
  const ref = await repositoryOf(deps, key);
  // Transferred, or taken from the list of allowed owners, since it was enqueued: nothing is written for it.
  if (!allowed(sweep, ref.owner)) return { kind: "done" };
  switch (key.kind) {
    case "repository": {
      const outcome = await reconcileRepository(sweep, key, ref);
      await sweepGroups(deps, key, ref);
      await sweepScans(deps.engine, key);
      return outcome;
    }
    case "merge-group":
      return reconcileMergeGroup(deps, key, ref, run);
    case "onboarding":
      return onboarding ? reconcileOnboarding(onboarding, key, ref, run) : { kind: "done" };
    case "scan":
      return reconcileScans(rooms.scans, key, ref, run);
    case "preview":
      return reconcilePreview(rooms.previews, key, ref, run);
    case "notice":
      return notifications ? reconcileNotices(notifications, key, ref, run) : { kind: "done" };
    case "commit": {
      const again = await lookAtPush(deps, key, ref, run);
      const settle = await actOnPresses(deps, key, ref, run);
      const outcome = await reconcileCommit(deps, key, ref, run);
      await settle();
      return outcome.kind === "done" ? (again ?? outcome) : outcome;
    }
    case "pull": {
      rooms.previews.facts.forget(key);
      const answer = await span("commands", {}, () => actOnIntents(deps, key, ref, run));
      const outcome = await reconcilePull(deps, key, ref, run);
      await rejudgeGroupsOf(deps, key);
      await answer();
      if (notifications) await noticeLater(deps, key, notifications.notifications.settleMs);
      return outcome;
    }
  }
}

/** Every repository that was not dealt with yet, so that one whose arrival no delivery told is found as well. */
async function onboardLater(deps: PullRequestDeps, key: Key & { kind: "installation" }): Promise<void> {
  const { records, queue } = deps.engine;
  const { installationId } = key;
  const state = (await records.get<InstallationState>(storageKey.installationState(installationId)))?.value.status;
  // Nothing is opened where nothing may be written.
  if (state !== "active" && state !== "permissions-lacking") return;
  for (const { value } of await records.list<RepositoryRef>(storageKey.repositories(installationId)))
    if (!(await records.get(storageKey.onboarding(installationId, value.id))))
      await queue.enqueue(formatKey({ kind: "onboarding", installationId, repositoryId: value.id }));
}

/** Not at once: a gate may change its mind while checks come in. */
async function noticeLater(deps: PullRequestDeps, key: Key & { kind: "pull" }, settleMs: number): Promise<void> {
  const notBeforeMs = deps.clock.now() + settleMs;
  await deps.engine.queue.enqueue(formatKey({ ...key, kind: "notice" }), { notBeforeMs });
}

/** The deliveries that led to this run become part of the story of what they are about. Told again after a crash, each counts once. */
async function tellDeliveries(deps: PullRequestDeps, key: Key, run: Run): Promise<void> {
  // A commit runs because of a pull request, whose story tells of the delivery already.
  if (
    key.kind === "installation" ||
    key.kind === "commit" ||
    key.kind === "scan" ||
    ["notice", "onboarding", "preview"].includes(key.kind) ||
    run.lease.causes.length === 0
  )
    return;
  const subject = formatKey(key);
  const events = run.lease.causes.map(({ id, event, action, receivedAtMs, happenedAtMs }) => ({
    type: "delivery_accepted",
    subject,
    atMs: receivedAtMs,
    id: `delivery/${id}/${subject}`,
    data: {
      delivery: id,
      event,
      ...(action === undefined ? {} : { action }),
      ...(happenedAtMs === undefined ? {} : { happenedAtMs }),
    },
  }));
  await deps.engine.ledger.append(repositoryStream(key), events);
}

async function repositoryOf(
  deps: PullRequestDeps,
  key: Exclude<Key, { kind: "installation" }>,
): Promise<RepositoryRef> {
  const record = await deps.engine.records.get<RepositoryRef>(
    storageKey.repository(key.installationId, key.repositoryId),
  );
  if (record) return record.value;
  const found = (await deps.github.repositories(key.installationId)).find((ref) => ref.id === key.repositoryId);
  if (!found) throw new Error("the installation does not list this repository");
  return found;
}
