import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stage, setStage, succeeded } from "../stage/stage.ts";
import { newRepository, type OpenedPull, openPull } from "./scene.ts";

interface ExportedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: { key: string; value: { stringValue?: string } }[];
}

/** An OpenTelemetry collector: OTLP over HTTP, JSON. */
const spans: ExportedSpan[] = [];
let collector: Server;
let stage: Stage;
let pull: OpenedPull;

beforeAll(async () => {
  collector = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as {
      resourceSpans: { scopeSpans: { spans: ExportedSpan[] }[] }[];
    };
    spans.push(...resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans)));
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const { port } = collector.address() as AddressInfo;
  stage = await setStage({ environment: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } });
  pull = await openPull(stage, await newRepository(stage));
});
afterAll(async () => {
  await stage?.close();
  collector?.close();
});

const route = (span: ExportedSpan) => span.attributes.find(({ key }) => key === "http.route")?.value.stringValue;

test("one trace leads from the webhook to the check run that it led to", async () => {
  await expect
    .poll(() => stage.github.checkRuns(pull.repository, pull.sha).some((run) => run.name === "hms/gate"), {
      timeout: 15_000,
    })
    .toBe(true);
  await expect
    .poll(() => spans.some((span) => route(span) === "POST /repos/{owner}/{repo}/check-runs"), { timeout: 15_000 })
    .toBe(true);
  const wrote = spans.find((span) => route(span) === "POST /repos/{owner}/{repo}/check-runs");
  const names = spans.filter((span) => span.traceId === wrote?.traceId).map((span) => span.name);
  expect(names).toEqual(
    expect.arrayContaining(["webhook", "reconcile", "observe", "judge", "say", "write-checks", "github"]),
  );
  expect(JSON.stringify(spans)).not.toMatch(/gh[so]_|Bearer|shop/);
});

test("every line of a run bears its key, the deliveries that led to it and its trace", async () => {
  await expect.poll(() => stage.hms.output(), { timeout: 15_000 }).toContain('"reconciled"');
  const lines = stage.hms
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const run = lines.find((line) => line.msg === "reconciled" && String(line.key).startsWith("pull/"));
  const deliveries = run?.deliveries as string[];
  expect(deliveries.length).toBeGreaterThan(0);
  expect(run?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(stage.github.deliveries(stage.app).map(({ guid }) => guid)).toEqual(expect.arrayContaining(deliveries));
});

test("/metrics shows lag, phases and verdicts, and never a repository or a person", async () => {
  const text = await (await fetch(`${stage.hms.url}/metrics`)).text();
  for (const name of [
    "hms_delivery_lag_seconds_count",
    "hms_phase_seconds_count",
    "hms_verdicts_total",
    "hms_github_points_total",
  ])
    expect(text).toContain(name);
  expect(text).not.toMatch(/acme|shop|ada|grace/);
});

test("a collector that is away costs no run", async () => {
  await new Promise((resolve) => {
    collector.close(resolve);
    collector.closeAllConnections();
  });
  const another = await openPull(stage, await newRepository(stage));
  await expect
    .poll(
      () =>
        stage.github
          .checkRuns(another.repository, another.sha)
          .some((run) => run.name === "hms/gate" && succeeded(run as never)),
      { timeout: 15_000 },
    )
    .toBe(true);
});
