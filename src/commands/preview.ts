import type { CommentIntent } from "../model/intent.ts";
import { formatKey, type Key } from "../model/key.ts";
import type { PreviewRecord, PreviewWish } from "../model/preview.ts";
import type { PullRequest } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { RepositoryApi } from "../ports/github.ts";
import type { Queue } from "../ports/queue.ts";
import type { CommandDeps } from "./authorise.ts";
import type { Command } from "./parse.ts";

type PullKey = Key & { kind: "pull" };
type PreviewCommand = Command & { verb: "preview" };

/** How long people may ask for a preview to stay, from when they ask. */
const LONGEST_MS = 30 * 24 * 3_600_000;

/** What is asked for holds all the same, as soon as there is a cluster. */
const OFF =
  "Nothing comes of it for now: previews are off, as the operator of HMS-SYS has declared no cluster. After that: ";

/** What a command about a preview comes to: a wish to write down, which the preview's own run goes by, or why not. */
export async function previewWish(
  deps: CommandDeps,
  key: PullKey,
  api: RepositoryApi,
  pull: PullRequest,
  intent: CommentIntent,
  command: PreviewCommand,
): Promise<{ refused: string } | { write(): Promise<void>; next: string }> {
  const { records } = deps.engine;
  const at = [key.installationId, key.repositoryId, key.number] as const;
  const effective = await deps.configuration.read(key.installationId, api);
  const config = effective.valid ? effective.config.preview : undefined;
  const record = (await records.get<PreviewRecord>(storageKey.preview(...at)))?.value;
  if (effective.valid && config === undefined && (command.action !== "down" || record === undefined))
    return { refused: "This repository has no previews: its hms.yml names no component." };
  if (command.action === "extend") {
    const mostMs = Math.min(LONGEST_MS, config?.extendMostMs ?? LONGEST_MS);
    if (command.byMs > mostMs)
      return { refused: `The organisation lets previews live for ${Math.floor(mostMs / 60_000)} minutes at most.` };
  }
  const before = await records.get<PreviewWish>(storageKey.previewWish(...at));
  const wish = before?.value ?? {};
  if (overtaken(wish, intent, command.action))
    return { refused: "Somebody asked for something else of this preview after this was asked; that stands." };
  const wished = { ...wish, ...wishOf(wish, pull, intent, command) };
  const allowed = (await records.get<{ sha: string }>(storageKey.okToTest(...at)))?.value.sha === pull.headSha;
  return {
    write: async () => {
      const revision = await records.compareAndSwap(storageKey.previewWish(...at), wished, before?.revision ?? 0);
      if (revision === undefined) throw new Error("the wishes for a preview changed while one was written down");
    },
    next: `${deps.previewsOff ? OFF : ""}${nextOf(command, wished, pull, allowed)}`,
  };
}

/** Brings the preview's own run about. */
export async function lookAtPreview(queue: Pick<Queue, "enqueue">, key: PullKey): Promise<void> {
  await queue.enqueue(formatKey({ ...key, kind: "preview" }));
}

function slotOf(action: PreviewCommand["action"]): keyof PreviewWish {
  if (action === "up" || action === "down") return "wanted";
  return action === "extend" ? "extended" : "sleep";
}

/** Comments' ids grow, so that one that is tried again late is known to be the older one; what was asked elsewhere has the time only. */
function overtaken(wish: PreviewWish, intent: CommentIntent, action: PreviewCommand["action"]): boolean {
  // More time is only ever added.
  if (action === "extend") return false;
  const last = wish[slotOf(action)];
  if (last === undefined) return false;
  return last.commentId === undefined ? last.atMs > intent.seenAtMs : last.commentId > intent.commentId;
}

function wishOf(wish: PreviewWish, pull: PullRequest, intent: CommentIntent, command: PreviewCommand): PreviewWish {
  const said = { by: intent.sender.login, atMs: intent.seenAtMs, commentId: intent.commentId };
  switch (command.action) {
    case "up":
    case "down":
      return { wanted: { what: command.action, sha: pull.headSha, ...said } };
    case "sleep":
    case "wake":
      return { sleep: { what: command.action, ...said } };
    case "extend": {
      const untilMs = intent.seenAtMs + command.byMs;
      return (wish.extended?.untilMs ?? 0) >= untilMs ? {} : { extended: { untilMs, ...said } };
    }
  }
}

function nextOf(command: PreviewCommand, wish: PreviewWish, pull: PullRequest, allowed: boolean): string {
  const name = pull.headSha.slice(0, 7);
  switch (command.action) {
    case "up":
      return pull.fork && !allowed
        ? `The commit ${name} comes from a fork: its preview is made once someone with write access comments /hms ok-to-test ${pull.headSha}`
        : `A preview of ${name} is made, whatever the filters say; hms/preview tells when it is there.`;
    case "down":
      return `The preview is removed with all its data. The next push brings one again, or: /hms preview up`;
    case "sleep":
      return "The preview goes to sleep: nothing runs, its data stays. The next push wakes it, or: /hms preview wake";
    case "wake":
      return "The preview wakes up; hms/preview tells when it is there.";
    case "extend": {
      const until = new Date(wish.extended?.untilMs ?? 0).toISOString();
      return `The preview stays until ${until.slice(0, 10)} ${until.slice(11, 16)} UTC at least, unless the pull request is closed.`;
    }
  }
}
