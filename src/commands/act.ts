import type { GateVote } from "../gate/gate.ts";
import type { CommentIntent } from "../model/intent.ts";
import { formatKey, type Key } from "../model/key.ts";
import type { Permission, PullRequest, RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import { GitHubError, type RepositoryApi } from "../ports/github.ts";
import { repositoryStream } from "../ports/ledger.ts";
import { LeaseLostError, type Run } from "../ports/run.ts";
import { answerText, type LineResult, reactionOf } from "./answer.ts";
import { authorise, type CommandDeps } from "./authorise.ts";
import { heldSince, holdRecord } from "./hold.ts";
import { type Command, parseComment } from "./parse.ts";
import { lookAtPreview, previewWish } from "./preview.ts";
import { askScansAgain, scanWish } from "./scan.ts";

/** A command that was asked longer ago than this when it was first seen is answered, not executed: its author may have moved on. */
const TOO_OLD_MS = 10 * 60_000;

/** Everything one comment's commands need to know about the pull request. */
interface Scene {
  deps: CommandDeps;
  key: Key & { kind: "pull" };
  api: RepositoryApi;
  pull: PullRequest;
  intent: CommentIntent;
  run: Run;
}

/**
 * Carries out what people asked for on a pull request, before it is judged. Effects are records, written so that doing it twice is
 * doing it once.
 * @returns what to call once the pull request was judged: it answers. Until then nothing counts as settled, so a crash repeats it.
 */
export async function actOnIntents(
  deps: CommandDeps,
  key: Key & { kind: "pull" },
  ref: RepositoryRef,
  run: Run,
): Promise<() => Promise<void>> {
  const intents = (await deps.engine.queue.intents(formatKey(key))).filter((intent) => intent.kind === "comment");
  if (intents.length === 0) return async () => {};
  const api = deps.github.repository(key.installationId, ref);
  const pull = await api.pull(key.number);
  const answers: (() => Promise<void>)[] = [];
  const failures: unknown[] = [];
  let holdFailed = false;
  for (const intent of intents) {
    // Else the hold, when it is tried again, would come after what takes it off; a hold itself waits for nothing.
    if (holdFailed && asksFor(intent, "unhold")) continue;
    const scene: Scene = { deps, key, api, pull, intent, run };
    try {
      const results = await carryOut(scene);
      answers.push(() => answer(scene, results));
    } catch (error) {
      if (error instanceof LeaseLostError) throw error;
      // It stays unsettled and is tried again; neither the others nor the judgement wait for it.
      failures.push(error);
      holdFailed ||= asksFor(intent, "hold");
    }
  }
  return async () => {
    for (const one of answers) await one();
    if (failures.length > 0) throw failures[0];
  };
}

function asksFor({ body }: CommentIntent, verb: Command["verb"]): boolean {
  return parseComment(body).some((line) => line.ok && line.command.verb === verb);
}

async function carryOut(scene: Scene): Promise<LineResult[]> {
  const { intent, pull } = scene;
  const lines = parseComment(intent.body);
  const tooOld = intent.seenAtMs - intent.askedAtMs > TOO_OLD_MS;
  const results: LineResult[] = [];
  for (const parsed of lines) {
    if (!parsed.ok) results.push({ line: parsed.line, kind: "mistyped", message: parsed.problem });
    else if (tooOld)
      results.push({
        line: parsed.line,
        kind: "refused",
        message:
          "This was asked more than ten minutes before it reached HMS-SYS, so it was not carried out. Comment it again if you still want it.",
      });
    else if (pull.state === "closed" && parsed.command.verb !== "help" && parsed.command.verb !== "why") {
      const goes = parsed.command.verb === "preview" ? " Its preview goes by itself." : "";
      results.push({ line: parsed.line, kind: "refused", message: `This pull request is closed.${goes}` });
    } else results.push(await authoriseAndDo(scene, parsed.command, parsed.line));
  }
  return results;
}

async function authoriseAndDo(scene: Scene, command: Command, line: string): Promise<LineResult> {
  const { deps, key, api, pull, intent } = scene;
  if (command.verb === "help") return { line, kind: "help" };
  const { permission, refusal } = await authorise(
    deps,
    { installationId: key.installationId, api, pull },
    intent.sender,
    {
      verb: command.verb,
      ...("rule" in command ? { rule: command.rule } : {}),
      ...("sha" in command ? { sha: command.sha } : {}),
      ...("action" in command ? { action: command.action } : {}),
    },
  );
  if (refusal !== undefined) return { line, kind: "refused", message: refusal };
  const hold = storageKey.hold(key.installationId, key.repositoryId, key.number);
  const overtaken =
    command.verb === "hold" || command.verb === "unhold" ? heldSince(deps.engine.records, hold, intent) : false;
  if (await overtaken) {
    if (command.verb === "hold") return { line, kind: "done" };
    const message = "Somebody put this pull request on hold after this was asked; that hold stands.";
    return { line, kind: "refused", message };
  }
  if (command.verb === "preview") {
    const wish = await previewWish(deps, key, api, pull, intent, command);
    if ("refused" in wish) return { line, kind: "refused", message: wish.refused };
    await scene.run.fence();
    await wish.write();
    await doCommand(scene, command, permission);
    return { line, kind: "done", note: wish.next };
  }
  if (command.verb === "scan") {
    const wish = await scanWish(deps, key.installationId, api, command.scan);
    if ("refused" in wish) return { line, kind: "refused", message: wish.refused };
    await scene.run.fence();
    const again = await askScansAgain(deps.engine, key, wish.kinds, intent.id);
    await doCommand(scene, command, permission);
    return { line, kind: "done", note: wish.next(again) };
  }
  await scene.run.fence();
  await doCommand(scene, command, permission);
  return { line, kind: command.verb === "why" ? "why" : "done" };
}

async function doCommand(scene: Scene, command: Command, permission: Permission): Promise<void> {
  const { deps, key, pull, intent } = scene;
  const { records } = deps.engine;
  const { installationId, repositoryId, number } = key;
  const { login: by, id: byId } = intent.sender;
  switch (command.verb) {
    case "help":
    case "why":
    case "retry":
      return;
    case "hold":
      await records.put(storageKey.hold(installationId, repositoryId, number), holdRecord(intent, command.reason));
      break;
    case "unhold":
      await records.delete(storageKey.hold(installationId, repositoryId, number));
      break;
    case "ok-to-test":
      await records.put(storageKey.okToTest(installationId, repositoryId, number), {
        by,
        byId,
        sha: command.sha,
      });
      await lookAtPreview(deps.engine.queue, key);
      break;
    case "preview":
      await lookAtPreview(deps.engine.queue, key);
      break;
    case "scan":
      break;
    case "override":
      await records.put(storageKey.override(installationId, repositoryId, number, command.sha, command.rule, byId), {
        rule: command.rule,
        by,
        byId,
        sha: command.sha,
        baseRef: pull.baseRef,
        reason: command.reason,
      });
      break;
  }
  await deps.engine.ledger.append(repositoryStream(key), [
    {
      type: command.verb === "override" ? "override" : "command",
      subject: formatKey(key),
      atMs: deps.clock.now(),
      id: `${intent.id}/${command.verb}/${"rule" in command ? command.rule : "action" in command ? command.action : "scan" in command ? command.scan : ""}`,
      data: { ...command, by, byId, permission, headSha: pull.headSha, comment: intent.commentId },
    },
  ]);
}

/** A reaction always, a comment only where there is something to say. */
async function answer(scene: Scene, results: LineResult[]): Promise<void> {
  const { deps, key, api, pull, intent, run } = scene;
  const { records, queue } = deps.engine;
  if (results.length > 0) {
    const at = await records.get<{ vote: GateVote }>(
      storageKey.atCommit(key.installationId, key.repositoryId, pull.headSha, key.number),
    );
    const marker = `<!-- hms-answer ${intent.id} -->`;
    const text = answerText(results, { headSha: pull.headSha, vote: at?.value.vote, askedBy: intent.sender.login });
    const answerKey = storageKey.answer(intent.id);
    try {
      await run.fence();
      await api.react(intent.commentId, reactionOf(results));
      if (text !== undefined) {
        const begun = await records.get(answerKey);
        const stands =
          begun !== undefined && (await api.ownComments(key.number)).some((comment) => comment.body.includes(marker));
        if (!stands) {
          await records.put(answerKey, true);
          await run.fence();
          await api.comment(key.number, `${text}\n\n${marker}`);
        }
      }
    } catch (error) {
      // The comment was deleted, or the conversation is locked: what was asked was done, there is only nobody to tell.
      const final =
        error instanceof GitHubError &&
        (error.fault === "not-found" || error.fault === "refused" || error.fault === "forbidden");
      if (!final) throw error;
    }
  }
  await queue.settleIntent(intent.id, results.map((result) => result.kind).join(","));
  // Only now: whoever repeats this before it is settled has to look for the answer.
  await records.delete(storageKey.answer(intent.id));
}
