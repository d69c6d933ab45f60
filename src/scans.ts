import { createLocalRunner } from "./adapters/local-runner/local-runner.ts";
import type { Settings } from "./config/settings.ts";
import type { Route } from "./portal/route.ts";
import { PACKED_BYTES_MAX, scanReportRoute } from "./portal/scans/report-route.ts";
import { sonarQubeRoute } from "./portal/scans/sonarqube-route.ts";
import type { Clock } from "./ports/clock.ts";
import type { Engine } from "./ports/engine.ts";
import type { GitHub } from "./ports/github.ts";
import type { PreviewGrounds } from "./pull-request/preview/deps.ts";
import type { JobGrounds, ScanDeps } from "./pull-request/scan/deps.ts";
import { lookAtJob } from "./pull-request/scan/job-runner.ts";
import { openQuality } from "./quality.ts";
import { DEFAULT_SARIF_LIMITS, gunzipped, PACKED_RATIO_MAX, readSarif } from "./scan/sarif.ts";
import type { ScanMetrics } from "./telemetry/scan-metrics.ts";
import { createWorkloadIdentity } from "./workload-identity.ts";

export interface Scans {
  deps: ScanDeps;
  /** Where their runs report. */
  routes: Route[];
  /** Ends what runs on this machine. */
  stop(): void;
}

/** Scans that run elsewhere: what starts them, and who takes their reports. */
export function openScans(
  settings: Settings,
  {
    github,
    engine,
    clock,
    grounds,
  }: { github: GitHub; engine: Engine; clock: Clock; grounds: PreviewGrounds | undefined },
  metrics: ScanMetrics,
): Scans {
  const local = settings.scanLocal === undefined ? undefined : createLocalRunner(settings.scanLocal);
  const jobs: JobGrounds | undefined =
    grounds || local
      ? {
          clusters: grounds?.clusters ?? { cluster: () => undefined, names: [] },
          inventory: grounds?.inventory ?? { clusters: [], retired: [] },
          appId: settings.app.id,
          publicUrl: settings.publicUrl,
          ...(local && { local }),
        }
      : undefined;
  const { unpackedBytes } = DEFAULT_SARIF_LIMITS;
  const caps = { packedBytes: PACKED_BYTES_MAX, unpackedBytes, ratio: PACKED_RATIO_MAX };
  const route = scanReportRoute({
    engine,
    clock,
    identity: createWorkloadIdentity(settings, () => clock.now()),
    audience: settings.publicUrl,
    jobAt: async (place, run) => {
      const look = await lookAtJob(jobs, { ...place, id: run.id }, run);
      if (look.is === "unseen") return "unseen";
      const known = run.job?.uid !== undefined && (look.is === "running" || look.is === "queued");
      return known ? "running" : "not-running";
    },
    botId: (installationId, ref) => github.workflows(installationId, ref).botId(),
    read: (bytes, context) => readSarif(gunzipped(bytes, caps), context),
    counted: metrics.report,
  });
  const quality = openQuality(settings);
  const secret = quality?.webhookSecret;
  return {
    deps: { github, engine, clock, ...(jobs && { jobs }), ...(quality && { quality }), became: metrics.became },
    routes: [route, ...(secret ? [sonarQubeRoute({ engine, secret })] : [])],
    stop: () => local?.close(),
  };
}
