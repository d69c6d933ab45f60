import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { openBundleChecker } from "./adapters/opa/bundle-checker.ts";
import { bundleAt, bundleFrom } from "./adapters/opa/bundle-source.ts";
import { openServerChecker } from "./adapters/opa/server-checker.ts";
import { openWasmChecker } from "./adapters/opa/wasm-checker.ts";
import { type ControlMap, controlsOf } from "./config/controls.ts";
import type { Settings } from "./config/settings.ts";
import { formatKey } from "./model/key.ts";
import { storageKey } from "./model/storage-key.ts";
import type { TrackedPull } from "./model/tracked-pull.ts";
import type { Checker } from "./ports/checker.ts";
import type { Engine } from "./ports/engine.ts";
import type { Records } from "./ports/records.ts";

/** The checker that is in force, and how it is. */
export interface CheckerInForce {
  checker: Checker;
  /** The same policy, for facts that people make up: what these do to it no gate feels. */
  apart: Checker;
  /** Why the policy is not as it should be, although it still decides or will again; undefined when all is well. */
  trouble(): string | undefined;
  /** Reads the bundle, or asks the server, again. Never rejects. */
  refresh(): Promise<void>;
  close(): void;
}

/** The policies that come with this version. */
const OWN_BUNDLE = fileURLToPath(new URL("../policies/dist", import.meta.url));

/**
 * What the settings name: our own policy in this process, an organisation's bundle in threads, or an OPA server. Rejects when it is unusable.
 * Denials name their controls by the operator's maps.
 */
export async function openChecker(
  settings: CheckerSettings & Partial<Pick<Settings, "controls">>,
  records: Pick<Records, "get">,
  log: Logger,
): Promise<CheckerInForce> {
  const inForce = await open(settings, records, log);
  const maps = settings.controls?.chosen ?? [];
  return { ...inForce, checker: namingControls(inForce.checker, maps), apart: namingControls(inForce.apart, maps) };
}

/** What a verdict allows and why is the policy's; which controls a rule supports is said by maps, of rules that they know. */
function namingControls(checker: Checker, maps: readonly ControlMap[]): Checker {
  return {
    revision: () => checker.revision(),
    async evaluate(input) {
      const { verdict, ...answer } = await checker.evaluate(input);
      const deny = verdict.deny.map((one) => ({ ...one, controls: controlsOf(maps, one.rule) ?? one.controls }));
      return { ...answer, verdict: { ...verdict, deny } };
    },
  };
}

type CheckerSettings = Pick<Settings, "checkerServer" | "policyBundle" | "dataDir">;

async function open(settings: CheckerSettings, records: Pick<Records, "get">, log: Logger): Promise<CheckerInForce> {
  const { checkerServer, policyBundle } = settings;
  if (checkerServer) return serverInForce(checkerServer, records, log);
  if (!policyBundle) {
    const checker = await openWasmChecker({ path: OWN_BUNDLE });
    // It decides in this process, where the size of the facts bounds its time.
    return { checker, apart: checker, trouble: () => undefined, refresh: async () => {}, close: () => {} };
  }
  const { sha256 } = policyBundle;
  const source =
    "url" in policyBundle ? bundleFrom({ ...policyBundle, cacheDir: settings.dataDir }) : bundleAt(policyBundle.path);
  const checker = await openBundleChecker({ source, ...(sha256 ? { pin: sha256 } : {}) });
  let trouble: string | undefined;
  return {
    checker,
    apart: checker.apart,
    trouble: () => trouble,
    async refresh() {
      const report = await checker.reload();
      const before = trouble;
      trouble = report.kind === "failed" ? `The last good policy bundle still decides: ${report.reason}` : undefined;
      if (trouble !== undefined && trouble !== before) log.warn({ report }, "policy bundle not reloaded");
    },
    close: () => checker.close(),
  };
}

async function serverInForce(
  server: NonNullable<Settings["checkerServer"]>,
  records: Pick<Records, "get">,
  log: Logger,
): Promise<CheckerInForce> {
  // What was decided before a restart still stands while the server is away.
  const known = await records.get<JudgedUnder>(storageKey.checkerRevision());
  const lastRevision = known?.value.revision;
  const checker = openServerChecker({ ...server, ...(lastRevision === undefined ? {} : { lastRevision }) });
  // With a circuit breaker of its own: the failures of what people try out are not the gate's.
  const trials = openServerChecker(server);
  let trouble: string | undefined;
  let told = false;
  return {
    checker,
    apart: { revision: () => checker.revision(), evaluate: (input) => trials.evaluate(input) },
    trouble: () => trouble,
    async refresh() {
      const before = trouble;
      trouble = await checker.probe().then(
        () => undefined,
        (error: Error) => error.message,
      );
      if (trouble !== undefined && before === undefined) log.warn({ trouble }, "OPA server does not decide");
      if (trouble !== undefined || checker.revision() !== undefined || told) return;
      told = true;
      log.warn("OPA server names no bundle revision: nothing that it decided stands for the next question");
    },
    close: () => {},
  };
}

interface JudgedUnder {
  revision?: string;
}

/** What is done again and again: a look at the checker, and when its policy is another one, all open pull requests are judged anew. */
export function watchChecker(
  { checker, refresh, trouble }: CheckerInForce,
  { records, queue }: Engine,
  log: Logger,
  healthy: (yes: boolean) => void,
): () => Promise<void> {
  return async () => {
    await refresh();
    healthy(trouble() === undefined);
    const revision = checker.revision();
    const judgedUnder = (await records.get<JudgedUnder>(storageKey.checkerRevision()))?.value;
    if (judgedUnder !== undefined && judgedUnder.revision === revision) return;
    const prefix = storageKey.allPulls();
    const open = (await records.list<TrackedPull>(prefix)).filter((entry) => entry.value.state === "open");
    // The records are as good a list as any of GitHub's here, and need no GitHub: of what they lack nothing was decided yet.
    const keys = open.map(({ key }) => {
      const [installationId = 0, repositoryId = 0, number = 0] = key.slice(prefix.length).split("/").map(Number);
      return formatKey({ kind: "pull", installationId, repositoryId, number });
    });
    await Promise.all(keys.map((key) => queue.enqueue(key)));
    await records.put(storageKey.checkerRevision(), revision === undefined ? {} : { revision });
    log.info(
      { revision, previousRevision: judgedUnder?.revision, pullRequests: open.length },
      "policy in force is another",
    );
  };
}
