import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { connectGitHub } from "./adapters/github/github.ts";
import { connectClusters } from "./adapters/kubernetes/clusters.ts";
import { type CheckerInForce, openChecker } from "./checker.ts";
import { readAppDefinition } from "./config/app-definition.ts";
import type { Inventory } from "./config/clusters.ts";
import { type Environment, readSettings, type Settings } from "./config/settings.ts";
import type { Asked } from "./doctor/asked.ts";
import { diagnose, exitCodeOf } from "./doctor/diagnose.ts";
import type { ProcessFacts } from "./doctor/facts.ts";
import { findingsAt } from "./doctor/finding.ts";
import { gather } from "./doctor/gather.ts";
import { reportJson, reportText } from "./doctor/report.ts";
import type { Diagnosis } from "./model/diagnosis.ts";
import { atMostEvery } from "./portal/at-most-every.ts";
import { type Clock, systemClock } from "./ports/clock.ts";
import type { Clusters } from "./ports/cluster.ts";
import type { Engine } from "./ports/engine.ts";
import type { GitHub } from "./ports/github.ts";
import { lookUpAddress } from "./preview-address.ts";
import { openQuality } from "./quality.ts";
import { createLog } from "./telemetry/log.ts";

const READY_WITHIN_MS = 5_000;
const CLUSTER_WITHIN_MS = 10_000;
const EXAMINED_EVERY_MS = 30_000;

/** `hms doctor`: on the environment of the process, or what set-up saved, beside the running process. Changes nothing. */
export async function runDoctor(
  environment: Environment,
  names: readonly string[],
  options: { json?: boolean },
): Promise<{ text: string; exitCode: number }> {
  const findings = await examine(environment, names);
  const exitCode = exitCodeOf(findings);
  return { text: options.json ? reportJson(findings, exitCode) : reportText(findings), exitCode };
}

async function examine(environment: Environment, names: readonly string[]): Promise<Diagnosis[]> {
  const at = findingsAt("environment");
  const read = readSettings(environment);
  const warnings = read.warnings.map((warning) => at.warn("environment", warning, "See docs/configuration.md."));
  if ("problems" in read)
    return [
      ...warnings,
      ...read.problems.map((problem) => at.fail("environment", problem, "See docs/configuration.md.")),
    ];
  if ("setUp" in read) {
    const what = "There are no credentials of a GitHub App, neither in the environment nor saved by set-up";
    return [...warnings, at.fail("not-set-up", what, "npm start, and open the address that it prints")];
  }
  const { settings } = read;
  const github = connectGitHub({
    appId: settings.app.id,
    privateKey: settings.app.privateKey,
    baseUrl: settings.githubApiUrl,
    now: () => systemClock.now(),
    limits: settings.githubLimits,
    observer: () => {},
  });
  const { clusters: declared } = settings;
  const facts = await gather(
    {
      github,
      settings: namesOf(settings),
      expected: readAppDefinition(),
      process: () => processFacts(settings),
      ...(declared === undefined
        ? {}
        : {
            clusters: async () => ({
              inventory: declared.inventory,
              clusters: await connectClusters(declared.inventory.clusters, {
                kubeconfigPath: declared.kubeconfigPath,
                clock: systemClock,
                log: createLog("silent"),
                timeoutMs: CLUSTER_WITHIN_MS,
              }),
            }),
          }),
      address: (url) => lookUpAddress(url, settings),
      quality: openQuality(settings),
      now: () => systemClock.now(),
    },
    names,
  );
  return [...warnings, ...diagnose(facts)];
}

/**
 * The same from within the running process, for its page. One look at a time, whose findings are everybody's for half a minute: each asks GitHub
 * for every repository.
 */
export function examineRunning(parts: {
  settings: Settings;
  github: GitHub;
  engine: Engine;
  checker: CheckerInForce;
  /** Undefined where previews are off. */
  grounds: { inventory: Inventory; clusters: Clusters } | undefined;
  clock: Clock;
}): () => Promise<{ findings: Diagnosis[]; atMs: number }> {
  const { settings, github, engine, checker, grounds, clock } = parts;
  const process = async (): Promise<ProcessFacts> => {
    const trouble = checker.trouble();
    return {
      checker:
        trouble === undefined
          ? { ok: true, value: checker.checker.revision() ?? "no revision named" }
          : { ok: false, problem: trouble },
      store: await engine.probe().then(
        (): Asked<string> => ({ ok: true, value: settings.store.path }),
        (error: Error): Asked<string> => ({ ok: false, problem: error.message }),
      ),
      readiness: { ok: true, value: settings.publicUrl },
    };
  };
  return atMostEvery(EXAMINED_EVERY_MS, async () => {
    const expected = readAppDefinition();
    const deps = {
      ...{ github, settings: namesOf(settings), expected, process },
      ...(grounds === undefined ? {} : { clusters: async () => grounds }),
      address: (url: string) => lookUpAddress(url, settings),
      quality: openQuality(settings),
      now: () => clock.now(),
    };
    return { findings: diagnose(await gather(deps, [])), atMs: clock.now() };
  });
}

function namesOf({ app, publicUrl, githubApiUrl, allowedOwners }: Settings) {
  return { appId: app.id, publicUrl, githubApiUrl, allowedOwners };
}

async function processFacts(settings: Settings): Promise<ProcessFacts> {
  const [checker, readiness] = await Promise.all([checkerFacts(settings), readinessOf(settings)]);
  return { checker, store: storeFacts(settings.store.path), readiness };
}

async function checkerFacts(settings: Settings): Promise<Asked<string>> {
  try {
    const inForce = await openChecker(settings, { get: async () => undefined }, createLog("silent"));
    try {
      // A bundle was tried when it was opened, a server was not asked yet.
      if (settings.checkerServer) await inForce.refresh();
      const trouble = inForce.trouble();
      return trouble === undefined
        ? { ok: true, value: inForce.checker.revision() ?? "no revision named" }
        : { ok: false, problem: trouble };
    } finally {
      inForce.close();
    }
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : "unknown error" };
  }
}

/** Without opening it: only one process may. That it can be written is what `/readyz` proves. */
function storeFacts(path: string): Asked<string> {
  const wanted = existsSync(path) ? path : dirname(path);
  try {
    accessSync(wanted, constants.R_OK | constants.W_OK);
    return { ok: true, value: path };
  } catch (error) {
    return { ok: false, problem: `${wanted} (${(error as NodeJS.ErrnoException).code ?? "error"})` };
  }
}

async function readinessOf({ host, port }: Settings): Promise<Asked<string>> {
  if (port === 0) return { ok: false, problem: "PORT=0 lets the system choose, so nobody knows where it listens" };
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  const url = `http://${name}:${port}`;
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(READY_WITHIN_MS) });
    const text = (await answer.text()).slice(0, 200);
    return answer.ok
      ? { ok: true, value: url }
      : { ok: false, problem: `${url}/readyz answers ${answer.status} ${text}` };
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return { ok: false, problem: `${url}/readyz does not answer (${cause?.code ?? (error as Error).name})` };
  }
}
