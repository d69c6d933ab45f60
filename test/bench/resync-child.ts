import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { connectGitHub } from "../../src/adapters/github/github.ts";
import { openSqlite } from "../../src/adapters/sqlite/engine.ts";
import { reconcileInstallation } from "../../src/intake/installation.ts";
import { reconcileRepository, type SweepDeps, sweepInstallations } from "../../src/intake/sweep.ts";
import type { RepositoryRef } from "../../src/model/pull-request.ts";
import { storageKey } from "../../src/model/storage-key.ts";
import { systemClock } from "../../src/ports/clock.ts";
import type { Start, Swept } from "./resync.ts";

/** Sweeps when it is told to, and lets go of the pull requests that it found: judging them is another bench's. */

const LEASE_MS = 60_000;
const dataDir = mkdtempSync(join(tmpdir(), "hms-resync-"));
process.once("exit", () => rmSync(dataDir, { recursive: true, force: true }));

let deps: SweepDeps | undefined;

async function open({ url, privateKey }: Start): Promise<SweepDeps> {
  const clock = systemClock;
  const engine = await openSqlite({ path: join(dataDir, "hms.db"), clock });
  const github = connectGitHub({
    appId: 1,
    privateKey,
    baseUrl: url,
    now: () => clock.now(),
    observer: () => undefined,
    limits: "answers",
  });
  return {
    github,
    engine,
    clock,
    allowedOwners: [],
    log: pino({ enabled: false }),
    revision: () => "bundle",
    startedAtMs: clock.now(),
    listed: new Map(),
    installationsCounted: () => undefined,
  };
}

async function sweep(of: SweepDeps): Promise<Swept> {
  const { queue, records } = of.engine;
  const started = performance.now();
  await sweepInstallations(of);
  let enqueued = 0;
  for (let lease = await queue.lease(LEASE_MS); lease; lease = await queue.lease(LEASE_MS)) {
    const [kind, ...ids] = lease.key.split("/");
    const [installationId = 0, repositoryId = 0] = ids.map(Number);
    if (kind === "installation") await reconcileInstallation(of, { kind, installationId });
    else if (kind === "repository") {
      const ref = (await records.get<RepositoryRef>(storageKey.repository(installationId, repositoryId)))?.value;
      if (ref) await reconcileRepository(of, { kind, installationId, repositoryId }, ref);
      enqueued = (await queue.stats()).ready;
    } else {
      await queue.settle(lease, { kind: "done" });
      await queue.drop({ installationId });
      break;
    }
    await queue.settle(lease, { kind: "done" });
  }
  return { enqueued, ms: performance.now() - started };
}

process.on("message", async (message: Start | "sweep") => {
  deps ??= message === "sweep" ? undefined : await open(message);
  if (deps) process.send?.(await sweep(deps));
});
