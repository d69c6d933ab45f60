import { expect, test } from "vitest";
import { createMetrics } from "../../src/telemetry/metrics.ts";

const stats = async () => ({ ready: 1, delayed: 2, leased: 3, parked: 4, oldestReadyMs: 5000 });

test("calls count as GitHub counts them: reads 1 point, writes 5, and a 304 costs no quota", async () => {
  const metrics = createMetrics();
  metrics.call("GET /repos/{owner}/{repo}/pulls", 304, 10);
  metrics.call("GET /repos/{owner}/{repo}/pulls", 200, 10);
  metrics.call("POST /repos/{owner}/{repo}/check-runs", 201, 10);
  const text = await metrics.render(stats);
  expect(text).toContain("hms_github_points_total 7");
  expect(text).toContain('hms_github_answers_total{quota="free"} 1');
  expect(text).toContain('hms_github_answers_total{quota="charged"} 2');
});

test("queue, lag, phases and verdicts are shown; a span that is no phase is not", async () => {
  const metrics = createMetrics();
  metrics.lag("pull_request", -50);
  metrics.phase("observe", 20);
  metrics.phase("github", 20);
  metrics.verdict("deny");
  const text = await metrics.render(stats);
  expect(text).toContain('hms_queue_keys{state="parked"} 4');
  expect(text).toContain("hms_queue_oldest_ready_seconds 5");
  expect(text).toContain('hms_delivery_lag_seconds_sum{event="pull_request"} 0');
  expect(text).toContain('hms_phase_seconds_count{phase="observe"} 1');
  expect(text).not.toContain('phase="github"');
  expect(text).toContain('hms_verdicts_total{outcome="deny"} 1');
});

test("previews by state, also those of which there are none; requests to clusters, and one that is left alone", async () => {
  const { previews, render } = createMetrics();
  previews.counted(new Map([["healthy", 3]]));
  previews.became("healthy");
  previews.tookMs(1_500);
  previews.request({ cluster: "eu", method: "GET", status: 0, durationMs: 20 });
  previews.broken("eu", true);
  const text = await render(stats);
  expect(text).toContain('hms_previews{state="healthy"} 3');
  expect(text).toContain('hms_previews{state="failed"} 0');
  expect(text).toContain('hms_preview_changes_total{state="healthy"} 1');
  expect(text).toContain("hms_preview_healthy_seconds_sum 1.5");
  expect(text).toContain('hms_cluster_request_seconds_count{cluster="eu",method="GET",status="0"} 1');
  expect(text).toContain('hms_cluster_left_alone{cluster="eu"} 1');
});
