import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openWasmChecker } from "../../../src/adapters/opa/wasm-checker.ts";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import { type ControlMaps, loadControlMaps } from "../../../src/config/controls.ts";
import { gateState } from "../../../src/gate/gate.ts";
import { canonicalJson, sha256Hex } from "../../../src/model/canonical-json.ts";
import type { CheckerInput } from "../../../src/model/checker-input.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import type { TrackedPull } from "../../../src/model/tracked-pull.ts";
import type { Decision } from "../../../src/model/verdict.ts";
import type { Viewer } from "../../../src/portal/viewer.ts";
import type { ViewDeps } from "../../../src/portal/views/deps.ts";
import type { Checker, PolicySandbox } from "../../../src/ports/checker.ts";
import { repositoryStream } from "../../../src/ports/ledger.ts";
import { temporaryPath } from "../../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../../contract/settable-clock.ts";
import { mergeableInput } from "../../policies/inputs.ts";

/** The policies of this release. */
export const policies = join(import.meta.dirname, "../../../policies/dist");

export const SHOP = { installationId: 7, repositoryId: 42 };
export const BANK = { installationId: 7, repositoryId: 43 };

/** A store with two repositories, `acme/shop` and `acme/bank`, the policies of this release, and what is needed to fill it as the App would. */
export interface Village {
  deps: ViewDeps;
  clock: SettableClock;
  checker: Checker;
  /** A pull request that was judged on these facts. Returns its decision. */
  judged(
    at: typeof SHOP,
    number: number,
    facts?: Partial<CheckerInput>,
    pull?: Partial<TrackedPull>,
  ): Promise<Decision>;
  closed(at: typeof SHOP, number: number, merged: boolean): Promise<void>;
}

function shippedControls(): ControlMaps {
  const maps = loadControlMaps(["fedramp-moderate"]);
  if ("problems" in maps) throw new Error(maps.problems.join());
  return maps;
}

export async function village(sandbox?: (checker: Checker) => PolicySandbox): Promise<Village> {
  const clock = new SettableClock();
  const checker = await openWasmChecker({ path: policies });
  const engine = await openSqlite({ path: temporaryPath(), clock });
  onTestFinished(() => engine.close());
  for (const [{ installationId, repositoryId }, name] of [
    [SHOP, "shop"],
    [BANK, "bank"],
  ] as const) {
    const ref = { id: repositoryId, owner: "acme", name, defaultBranch: "main" };
    await engine.records.put(storageKey.repository(installationId, repositoryId), ref);
  }
  const deps: ViewDeps = {
    engine,
    checker,
    clock,
    controls: shippedControls(),
    sandbox: sandbox?.(checker) ?? inForceOnly(checker),
    limits: () => [],
    waitsUntilMs: () => undefined,
  };
  return {
    deps,
    clock,
    checker,
    async judged(at, number, facts = {}, pull = {}) {
      const { installationId, repositoryId } = at;
      const sha = pull.headSha ?? shaOf(number);
      const input = { ...inputOf(at, number, sha), ...facts };
      const { verdict, bundleRevision } = await checker.evaluate(input);
      const decision: Decision = {
        id: `dec_${sha256Hex(`${clock.now()}/${repositoryId}/${number}/${sha}`).slice(0, 26)}`,
        sha,
        bundleRevision,
        inputDigest: `sha256:${sha256Hex(canonicalJson(input))}`,
        verdict,
      };
      const subject = `pull/${installationId}/${repositoryId}/${number}`;
      const tracked: TrackedPull = {
        headSha: sha,
        baseRef: "main",
        draft: false,
        state: "open",
        merged: false,
        title: `Change ${number}`,
        author: "ada",
        url: `https://github.com/acme/x/pull/${number}`,
        fork: false,
        readAtMs: clock.now(),
        ...pull,
      };
      const { id, inputDigest } = decision;
      const rules = verdict.deny.map((one) => one.rule);
      const waiting = verdict.waiting.map((one) => one.rule);
      const outcome = gateState(verdict);
      const data = { decision: id, sha, bundleRevision, inputDigest, outcome, rules, waiting };
      const vote = { number, baseRef: tracked.baseRef, decision, overridable: [] };
      await Promise.all([
        engine.records.put(storageKey.pull(installationId, repositoryId, number), tracked),
        engine.records.put(storageKey.atCommit(installationId, repositoryId, sha, number), {
          vote,
          mode: "enforce",
          draft: false,
          checks: [],
        }),
        engine.ledger.append(repositoryStream(at), [
          { type: "verdict", subject, atMs: clock.now(), id, data, body: { input, verdict } },
        ]),
      ]);
      return decision;
    },
    async closed(at, number, merged) {
      const { installationId, repositoryId } = at;
      const key = storageKey.pull(installationId, repositoryId, number);
      const tracked = (await engine.records.get<TrackedPull>(key))?.value as TrackedPull;
      await engine.records.put(key, { ...tracked, state: "closed", merged });
      await engine.records.delete(storageKey.atCommit(installationId, repositoryId, tracked.headSha, number));
      const subject = `pull/${installationId}/${repositoryId}/${number}`;
      const data = { sha: tracked.headSha, merged };
      await engine.ledger.append(repositoryStream(at), [
        { type: "pull_closed", subject, atMs: clock.now(), id: `pull_closed/${subject}/${clock.now()}`, data },
      ]);
    },
  };
}

/** Facts under which the policy allows the merge. */
export function inputOf(at: typeof SHOP, number: number, sha: string): CheckerInput {
  const input = mergeableInput();
  return {
    ...input,
    repository: { ...input.repository, id: at.repositoryId },
    pull_request: { ...input.pull_request, number, head_sha: sha },
    approvals: input.approvals.map((approval) => ({ ...approval, sha })),
    scans: input.scans.map((scan) => ({ ...scan, sha })),
  };
}

export function shaOf(number: number): string {
  return sha256Hex(String(number)).slice(0, 40);
}

/** Somebody who sees some repositories, or all, and has roles. */
export function viewerOf(options: { sees?: (typeof SHOP)[]; roles?: string[]; login?: string } = {}): Viewer {
  const { sees, roles = ["reader"], login = "ada" } = options;
  return {
    kind: "person",
    login,
    sees: (installationId, repositoryId) =>
      sees === undefined ||
      sees.some((one) => one.installationId === installationId && one.repositoryId === repositoryId),
    has: (role) => roles.includes(role),
  };
}

function inForceOnly(checker: Checker): PolicySandbox {
  return {
    async open(bundle) {
      if (bundle) throw new Error("no policy may be tried here");
      return {
        revision: () => checker.revision(),
        evaluate: (input) => checker.evaluate(input),
        close: async () => {},
      };
    },
  };
}
