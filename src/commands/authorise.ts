import type { EffectiveConfig } from "../config/effective.ts";
import { checkerConfig, commandInput } from "../gate/gate.ts";
import type { Permission, Person, PullRequest } from "../model/pull-request.ts";
import type { Checker } from "../ports/checker.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import type { GitHub, RepositoryApi } from "../ports/github.ts";
import { lastPusher } from "../ports/last-pusher.ts";

export interface CommandDeps {
  github: GitHub;
  engine: Engine;
  checker: Checker;
  configuration: { read(installationId: number, api: RepositoryApi): Promise<EffectiveConfig> };
  clock: Clock;
  /** The operator declared no clusters: nothing comes of what is asked of previews. */
  previewsOff?: boolean;
}

/** Asks the checker whether somebody may do something to a pull request now, with the permission that they have now. */
export async function authorise(
  deps: CommandDeps,
  { installationId, api, pull }: { installationId: number; api: RepositoryApi; pull: PullRequest },
  sender: Person,
  command: { verb: string; rule?: string; sha?: string; action?: string },
): Promise<{ permission: Permission; refusal?: string }> {
  const permission = await api.permission(sender.login, sender.id);
  // It matters to overrides alone, and may cost a call.
  const pusher = command.verb === "override" ? await lastPusher(api, deps.engine.records, installationId, pull) : null;
  const config = { ...checkerConfig(await deps.configuration.read(installationId, api)), required_scans: [] };
  const { id, login } = sender;
  const facts = { repository: api.ref, pull, lastPusher: pusher, config };
  const { verdict } = await deps.checker.evaluate(commandInput(facts, command, { id, login, permission }));
  if (verdict.allow) return { permission };
  const refusal = verdict.deny.map((one) => `${one.message} ${one.remedy}`).join(" ");
  return { permission, refusal: refusal || "The policy does not allow it." };
}
