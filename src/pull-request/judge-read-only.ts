import { gateContent, voteState } from "../gate/gate.ts";
import type { PullRequest, RepositoryRef } from "../model/pull-request.ts";
import type { GateState } from "../model/verdict.ts";
import type { Checker } from "../ports/checker.ts";
import type { Clock } from "../ports/clock.ts";
import type { GitHub, RepositoryApi } from "../ports/github.ts";
import type { SecretScanner } from "../scan/secrets.ts";
import { type ConfigurationSource, configurationSource } from "./configuration.ts";
import { answerOf, type Judgement, judge } from "./decide.ts";
import { memoryRecords } from "./memory-records.ts";
import { observe } from "./observe.ts";

export interface ReadOnlyDeps {
  github: GitHub;
  checker: Checker;
  scanner: SecretScanner;
  clock: Clock;
  /** Kept by whoever judges several pull requests of a repository. */
  configuration?: ConfigurationSource;
}

/** What the gate would say, without anything being written anywhere. */
export interface ReadOnlyVerdict {
  pull: PullRequest;
  outcome: GateState;
  mode: "enforce" | "shadow";
  judgement: Judgement;
  /** The check run as people would read it. */
  gate: { title: string; summary: string };
}

/**
 * Judges a pull request as it is now: facts are read, the checker is asked, nothing is written, neither to GitHub nor to a store. One that was
 * closed or merged is judged as it was at its head, on what is approved and configured today. What people said to the App in comments (holds,
 * overrides) lies in its own store and is not known here.
 */
export async function judgeReadOnly(
  deps: ReadOnlyDeps,
  installationId: number,
  ref: RepositoryRef,
  number: number,
): Promise<ReadOnlyVerdict> {
  const { checker, scanner, clock } = deps;
  const github = readingOnly(deps.github);
  const configuration = deps.configuration ?? configurationSource(github, () => clock.now());
  const api = github.repository(installationId, ref);
  const pull = await api.pull(number);
  const observed = await observe(
    { api, records: memoryRecords(), scanner, configuration, clock, installationId },
    pull,
  );
  const { config } = observed.snapshot;
  const judgement = await judge(checker, observed.snapshot, undefined, clock.now());
  const vote = { number, baseRef: pull.baseRef, ...answerOf(judgement), overridable: config.overrides };
  const { title, summary } = gateContent(pull.headSha, [vote], config.mode);
  return { pull, outcome: voteState(vote), mode: config.mode, judgement, gate: { title, summary } };
}

/** What each call does: the compiler asks for an answer about every new one. */
const EFFECT: Record<Exclude<keyof RepositoryApi, "ref">, "reads" | "writes"> = {
  pull: "reads",
  openPulls: "reads",
  pullsAt: "reads",
  pullCommits: "reads",
  commit: "reads",
  compare: "reads",
  pullFiles: "reads",
  tree: "reads",
  blob: "reads",
  file: "reads",
  reviews: "reads",
  permission: "reads",
  teamMembers: "reads",
  queueBranches: "reads",
  range: "reads",
  pullsWith: "reads",
  pushedBy: "reads",
  createCheckRun: "writes",
  updateCheckRun: "writes",
  ownCheckRuns: "reads",
  comment: "writes",
  ownComments: "reads",
  react: "writes",
};

/** GitHub for somebody who must not change anything: a write is refused before it is sent. */
export function readingOnly(github: GitHub): GitHub {
  return {
    ...github,
    repository(installationId, ref) {
      const api = github.repository(installationId, ref);
      return new Proxy(api, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== "function") return value;
          if (EFFECT[name as keyof typeof EFFECT] === "reads") return value.bind(target);
          return async () => {
            throw new Error("nothing is written here");
          };
        },
      });
    },
  };
}
