import { readFile } from "node:fs/promises";
import { connectGitHub } from "./adapters/github/github.ts";
import { openSandbox } from "./adapters/opa/sandbox.ts";
import { openChecker } from "./checker.ts";
import { type Environment, readSettings, type Settings } from "./config/settings.ts";
import type { RepositoryRef } from "./model/pull-request.ts";
import type { Checker } from "./ports/checker.ts";
import { systemClock } from "./ports/clock.ts";
import { type GitHub, GitHubError } from "./ports/github.ts";
import { judgeReadOnly, type ReadOnlyVerdict } from "./pull-request/judge-read-only.ts";
import { memoryRecords } from "./pull-request/memory-records.ts";
import { createSecretScanner } from "./scan/secrets.ts";
import { createLog } from "./telemetry/log.ts";
import { verdictText } from "./try-text.ts";

/** 0: the gate would let it be merged. 1: it would not, or not yet. 2: nobody can say. */
export interface TryResult {
  exitCode: 0 | 1 | 2;
  /** For standard output; empty when nothing can be said. */
  out: string;
  /** For standard error. */
  err: string;
}

export interface TryOptions {
  /** Path of a compiled OPA bundle (`.tar.gz`) that decides in place of the policy in force. */
  policy?: string;
  json?: true;
}

/** What somebody is told in place of a verdict. */
class TryError extends Error {}

/**
 * `hms try owner/repo#12`: what the gate would say about a pull request now. Only reads from GitHub, with the App's credentials; opens no store,
 * so that it can be asked beside a running process.
 */
export async function tryPull(text: string, options: TryOptions, environment: Environment): Promise<TryResult> {
  try {
    const named = parsePull(text);
    const settings = settingsFrom(environment);
    const now = (): number => systemClock.now();
    const { id: appId, privateKey } = settings.app;
    const { githubApiUrl: baseUrl, githubLimits: limits } = settings;
    const github = connectGitHub({ appId, privateKey, baseUrl, now, observer: () => {}, limits });
    const found = await find(github, named);
    const policy = await openPolicy(settings, options.policy);
    const scanner = createSecretScanner();
    try {
      const deps = { github, checker: policy.checker, scanner, clock: systemClock };
      const verdict = await judgeReadOnly(deps, found.installationId, found.ref, named.number);
      const out = options.json
        ? `${JSON.stringify(asJson(found.ref, verdict), null, 2)}\n`
        : verdictText(named, verdict);
      return { exitCode: exitCode(verdict), out, err: "" };
    } finally {
      await scanner.close();
      await policy.close();
    }
  } catch (error) {
    return { exitCode: 2, out: "", err: `hms try: ${reason(error)}\n` };
  }
}

function exitCode({ outcome }: ReadOnlyVerdict): TryResult["exitCode"] {
  if (outcome === "allow") return 0;
  return outcome === "unknown" ? 2 : 1;
}

interface NamedPull {
  owner: string;
  name: string;
  number: number;
}

/** `owner/repo#12`, or the pull request's address. */
function parsePull(text: string): NamedPull {
  const found =
    /^([A-Za-z0-9-]{1,100})\/([A-Za-z0-9._-]{1,100})#(\d{1,9})$/.exec(text) ??
    /^https?:\/\/[^/\s]{1,255}\/([A-Za-z0-9-]{1,100})\/([A-Za-z0-9._-]{1,100})\/pull\/(\d{1,9})(?:[/?#]\S{0,500})?$/.exec(
      text,
    );
  if (!found?.[1] || !found[2]) throw new TryError("name a pull request as owner/repo#12 or by its address");
  return { owner: found[1], name: found[2], number: Number(found[3]) };
}

function settingsFrom(environment: Environment): Settings {
  const read = readSettings(environment);
  if ("settings" in read) return read.settings;
  if ("problems" in read) throw new TryError(`the environment is not usable:\n  ${read.problems.join("\n  ")}`);
  throw new TryError(
    "there is no App yet: give APP_ID, PRIVATE_KEY_PATH and WEBHOOK_SECRET, or the HMS_DATA_DIR of a process that was set up",
  );
}

async function find(
  github: GitHub,
  { owner, name }: NamedPull,
): Promise<{ installationId: number; ref: RepositoryRef }> {
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  const installations = (await github.installations()).filter((one) => same(one.owner, owner));
  if (installations.length === 0)
    throw new TryError(
      `the App is not installed for ${owner}, or not yet; install it on GitHub, in the App's settings`,
    );
  for (const { id, suspended } of installations) {
    if (suspended) throw new TryError(`the App's installation for ${owner} is suspended on GitHub`);
    const ref = (await github.repositories(id)).find((one) => same(one.name, name) && same(one.owner, owner));
    if (ref) return { installationId: id, ref };
  }
  throw new TryError(
    `the App does not see ${owner}/${name}: check the name, and that the App's installation includes the repository`,
  );
}

async function openPolicy(
  settings: Settings,
  path: string | undefined,
): Promise<{ checker: Checker; close(): Promise<void> }> {
  const inForce = await openChecker(settings, memoryRecords(), createLog("silent"));
  if (path === undefined) return { checker: inForce.checker, close: async () => inForce.close() };
  const bytes = await readFile(path).catch(() => {
    throw new TryError(`the policy bundle ${path} cannot be read`);
  });
  const trial = await openSandbox(inForce.checker).open(new Uint8Array(bytes));
  return {
    checker: trial,
    async close() {
      await trial.close();
      inForce.close();
    },
  };
}

function asJson(ref: RepositoryRef, { pull, outcome, mode, judgement, gate }: ReadOnlyVerdict): object {
  const { number, title, state, merged, headSha, baseRef, url } = pull;
  return {
    pull: { owner: ref.owner, repository: ref.name, number, title, state, merged, headSha, baseRef, url },
    outcome,
    mode,
    gateTitle: gate.title,
    ...("decision" in judgement
      ? {
          verdict: judgement.decision.verdict,
          bundleRevision: judgement.decision.bundleRevision,
          inputDigest: judgement.decision.inputDigest,
          input: judgement.input,
        }
      : { undecided: judgement.undecided }),
  };
}

function reason(error: unknown): string {
  if (!(error instanceof GitHubError)) return error instanceof Error ? error.message : "unknown error";
  switch (error.fault) {
    case "not-found":
      return "GitHub does not show this pull request to the App: check the number, and the App's permissions";
    case "forbidden":
      return `GitHub refused a call: ${error.message}. Run hms doctor to see which permission is missing`;
    case "limited":
      return "the App has used up what GitHub allows it for now; try again later";
    case "refused":
      return `GitHub refused a call: ${error.message}`;
    case "unavailable":
      return `GitHub cannot be asked at the moment: ${error.message}`;
  }
}
