import type { Logger } from "pino";
import type { OnboardingDeps } from "./onboarding/reconcile-onboarding.ts";
import { configurationSource } from "./pull-request/configuration.ts";
import type { PullRequestDeps } from "./pull-request/deps.ts";
import { judgeReadOnly } from "./pull-request/judge-read-only.ts";

/** What proposing a first configuration needs: pull requests that were merged are judged as `hms try` judges them. */
export function onboardingOf(deps: PullRequestDeps, publicUrl: string, log: Logger): OnboardingDeps {
  const { github, engine, clock } = deps;
  const configuration = configurationSource(github, () => clock.now());
  return {
    engine,
    clock,
    log,
    publicUrl,
    proposals: (installationId, ref) => github.proposals(installationId, ref),
    async judge(installationId, ref, number) {
      const { pull, outcome, judgement } = await judgeReadOnly({ ...deps, configuration }, installationId, ref, number);
      const verdict = "decision" in judgement ? judgement.decision.verdict : { deny: [], waiting: [] };
      const rules = [...verdict.deny, ...verdict.waiting].map(({ rule }) => rule);
      return { number, title: pull.title, outcome, rules: [...new Set(rules)] };
    },
  };
}
