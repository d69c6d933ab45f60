import { Counter, Gauge, Histogram, type Registry } from "prom-client";

export interface PreviewMetrics {
  /** How many previews there are of each state, as the last sweep found them. */
  counted(counts: ReadonlyMap<string, number>): void;
  became(state: string): void;
  /** From the push, or the command, to a healthy preview. */
  tookMs(ms: number): void;
  /** A cluster's circuit breaker opened or closed. */
  broken(cluster: string, is: boolean): void;
  /** One request to a cluster's API server; status 0: no answer. */
  request(call: { cluster: string; method: string; status: number; durationMs: number }): void;
}

/** Those that there may be one preview of; one that is off, not wanted or gone is no preview. */
const STATES = ["blocked", "queued", "provisioning", "healthy", "degraded", "failed", "sleeping", "tearing-down"];

const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
const HEALTHY_SECONDS = [1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];

export function createPreviewMetrics(registry: Registry): PreviewMetrics {
  const registers = [registry];
  const previews = new Gauge({
    name: "hms_previews",
    help: "Previews by state, as the last sweep found them.",
    labelNames: ["state"],
    registers,
  });
  const changes = new Counter({
    name: "hms_preview_changes_total",
    help: "Changes of previews, by the state that they came to.",
    labelNames: ["state"],
    registers,
  });
  const healthy = new Histogram({
    name: "hms_preview_healthy_seconds",
    help: "From a push or a command to a healthy preview.",
    buckets: HEALTHY_SECONDS,
    registers,
  });
  const requests = new Histogram({
    name: "hms_cluster_request_seconds",
    help: "Requests to the API servers of clusters, by method and status; status 0: no answer.",
    labelNames: ["cluster", "method", "status"],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const breakers = new Gauge({
    name: "hms_cluster_left_alone",
    help: "1 while a cluster's API server is left alone, since it failed several times in a row.",
    labelNames: ["cluster"],
    registers,
  });
  return {
    counted(counts) {
      for (const state of STATES) previews.set({ state }, counts.get(state) ?? 0);
    },
    became: (state) => changes.inc({ state }),
    tookMs: (ms) => healthy.observe(Math.max(0, ms) / 1000),
    broken: (cluster, is) => breakers.set({ cluster }, is ? 1 : 0),
    request: ({ cluster, method, status, durationMs }) =>
      requests.observe({ cluster, method, status: String(status) }, durationMs / 1000),
  };
}
