import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Logger } from "pino";
import { createEgress } from "./adapters/egress/egress.ts";
import { type Calls, connectGitHub, createProbot } from "./adapters/github/github.ts";
import { connectPeople } from "./adapters/github/people.ts";
import { openSandbox } from "./adapters/opa/sandbox.ts";
import { openSqlite } from "./adapters/sqlite/engine.ts";
import { startBackground } from "./background.ts";
import { openChecker } from "./checker.ts";
import { githubWebUrl } from "./config/github-web-url.ts";
import { hmsJsonSchema } from "./config/json-schema.ts";
import type { Settings } from "./config/settings.ts";
import { checkCredentials } from "./credentials.ts";
import { webhookListener } from "./intake/webhook.ts";
import { onboardingOf } from "./onboarding.ts";
import { httpApp } from "./portal/http.ts";
import { portalRoutes } from "./portal/portal.ts";
import type { Route } from "./portal/route.ts";
import { createAccess } from "./portal/session/access.ts";
import type { ViewDeps } from "./portal/views/deps.ts";
import type { Checker } from "./ports/checker.ts";
import { type Clock, systemClock } from "./ports/clock.ts";
import type { Engine } from "./ports/engine.ts";
import type { GitHub } from "./ports/github.ts";
import type { People } from "./ports/people.ts";
import { openPreviews } from "./previews.ts";
import { configurationSource } from "./pull-request/configuration.ts";
import type { PullRequestDeps } from "./pull-request/deps.ts";
import { reconcile } from "./reconcile-key.ts";
import { examineRunning } from "./run-doctor.ts";
import { createSecretScanner } from "./scan/secrets.ts";
import { openScans } from "./scans.ts";
import { createLog } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { startTracing } from "./telemetry/tracing.ts";
import { version } from "./version.ts";
import { createWorker } from "./worker/worker.ts";

/** Parts that a test or a simulation brings itself; everything else is as in production. */
export interface Overrides {
  /** One that may listen already, as after set-up; what it answered with before is taken off. */
  server?: Server;
  clock?: Clock;
  log?: Logger;
  /** How long a key is leased, renewed in thirds of it. */
  leaseMs?: number;
  engine?(engine: Engine): Engine;
  github?(github: GitHub): GitHub;
  checker?(checker: Checker): Checker;
  routes?(routes: readonly Route[]): readonly Route[];
}

export interface Service {
  /** `http://host:port` that it listens on. */
  url: string;
  log: Logger;
  /** Stops taking work, finishes what is under way, closes the store. Resolves within 30 s. */
  stop(): Promise<void>;
}

const CONCURRENCY = 16;
const LEASE_MS = 60_000;
const DRAIN_MS = 25_000;

/** Puts the adapters and the rooms together: the only place where they meet. Rejects when anything it needs is not there. */
export async function compose(settings: Settings, overrides: Overrides = {}): Promise<Service> {
  const clock = overrides.clock ?? systemClock;
  const log = overrides.log ?? createLog(settings.logLevel);
  const metrics = createMetrics();
  const tracing = startTracing({ endpoint: settings.traceEndpoint, ended: metrics.phase });
  const app = { appId: settings.app.id, privateKey: settings.app.privateKey, baseUrl: settings.githubApiUrl };
  const probot = createProbot({ ...app, webhookSecret: settings.app.webhookSecret });
  await probot.ready();
  const calls: Calls = {
    now: () => clock.now(),
    observer: ({ route, status, durationMs }) => metrics.call(route, status, durationMs),
    clockDiffers(offsetMs) {
      metrics.healing.clockOffset(offsetMs / 1000);
      log.error({ offsetSeconds: Math.round(offsetMs / 1000) }, "this machine's clock and GitHub's differ");
    },
  };
  const connected = connectGitHub({
    ...app,
    ...calls,
    delayed: metrics.delayed,
    limits: settings.githubLimits,
  });
  const github = overrides.github?.(connected) ?? connected;
  await checkCredentials(github, { appId: app.appId, baseUrl: app.baseUrl, log });
  const sqlite = await openSqlite({ path: settings.store.path, clock });
  const engine = overrides.engine?.(sqlite) ?? sqlite;
  const inForce = await openChecker(settings, engine.records, log);
  const checker = overrides.checker?.(inForce.checker) ?? inForce.checker;
  const scanner = createSecretScanner();
  const configuration = configurationSource(github, () => clock.now(), engine.records);
  const deps: PullRequestDeps = {
    github,
    engine,
    checker,
    scanner,
    configuration,
    clock,
    decided: metrics.verdict,
    bypassed: metrics.bypass,
    previewsOff: settings.clusters === undefined,
    scanClusters: settings.clusters?.inventory.clusters ?? [],
    scansLocal: settings.scanLocal !== undefined,
  };
  const sweep = {
    github,
    engine,
    allowedOwners: settings.allowedOwners,
    clock,
    log,
    startedAtMs: clock.now(),
    // Where nobody knows which policy decides, nothing that was swept before counts as seen.
    revision: () => checker.revision() ?? `unknown at ${clock.now()}`,
    listed: new Map(),
    installationsCounted: metrics.healing.installations,
  };
  const notifications = settings.notifications && {
    engine,
    egress: createEgress({ allow: settings.egressAllow }),
    notifications: settings.notifications,
    clock,
    sent: metrics.notification,
  };
  const previews = await openPreviews(settings, { github, engine, configuration, clock }, metrics.previews, log);
  const { grounds } = previews.deps;
  const scans = openScans(settings, { github, engine, clock, grounds }, metrics.scans);
  const onboarding = settings.onboarding ? onboardingOf(deps, settings.publicUrl, log) : undefined;

  const worker = createWorker({
    queue: engine.queue,
    clock,
    log,
    concurrency: CONCURRENCY,
    leaseMs: overrides.leaseMs ?? LEASE_MS,
    reconcile: (run) =>
      reconcile({ pulls: deps, previews: previews.deps, scans: scans.deps, sweep, notifications, onboarding }, run),
    ended: ({ key, outcome, durationMs }) => metrics.run(key.slice(0, key.indexOf("/")), outcome, durationMs),
  });

  let draining = false;
  const webhook = webhookListener({
    secret: settings.app.webhookSecret,
    queue: engine.queue,
    clock,
    log,
    allowedOwners: settings.allowedOwners,
    probot,
    counted: metrics.delivery,
    lagged: metrics.lag,
    configurationChanged: (installationId) => configuration.forget(installationId),
  });
  const { authenticate, signIn, prune } = createAccess({
    settings,
    people: peopleOf(settings, calls),
    github,
    records: engine.records,
    clock,
    log,
  });
  const views: ViewDeps = {
    engine,
    checker,
    sandbox: openSandbox(overrides.checker?.(inForce.apart) ?? inForce.apart),
    clock,
    controls: settings.controls,
    limits: () => github.limits(),
    waitsUntilMs: () => worker.waitsUntilMs(),
    lookAtPreview: previews.look,
  };
  const routes = portalRoutes({
    signIn,
    pages: {
      views,
      authenticate,
      teams: github.teams,
      log,
      ownPolicy: !settings.policyBundle && !settings.checkerServer,
    },
    probes: {
      probeStore: () => engine.probe(),
      draining: () => draining,
      metrics: async () => ({
        text: await metrics.render(() => engine.queue.stats()),
        contentType: metrics.contentType,
      }),
      jsonSchema: () => hmsJsonSchema(settings.publicUrl),
      checkerTrouble: () => inForce.trouble(),
    },
    installed: {
      allowedOwners: settings.allowedOwners,
      installationOwner: async (id) => (await github.installations()).find((one) => one.id === id)?.owner,
    },
    doctor: {
      examine: examineRunning({ settings, github, engine, checker: inForce, grounds, clock }),
      now: () => clock.now(),
    },
    scans: scans.routes,
    api: { views, version: version(), publicUrl: settings.publicUrl },
  });
  const http = httpApp(overrides.routes?.(routes) ?? routes, authenticate, {
    publicUrl: settings.publicUrl,
    now: () => clock.now(),
    failed: (error) => log.error({ err: error }, "request failed"),
  });
  const pages = getRequestListener(http.fetch);
  const server = overrides.server ?? createServer();
  server.removeAllListeners("request").on("request", (request, response) => {
    const path = request.url?.split("?")[0];
    if (request.method === "POST" && path === "/api/github/webhooks") webhook(request, response);
    else void pages(request, response);
  });
  const url = await listen(server, settings.host, settings.port);

  worker.start();
  const background = startBackground({
    settings,
    engine,
    github,
    clock,
    log,
    metrics,
    worker,
    sweep,
    previews: previews.deps,
    scans: scans.deps,
    checker: inForce,
    pruneSessions: prune,
  });
  log.info({ url, policyBundle: checker.revision() }, "listening");

  return {
    url,
    log,
    async stop() {
      draining = true;
      background.stop();
      previews.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await worker.drain(DRAIN_MS);
      server.closeAllConnections();
      await closed;
      scans.stop();
      await scanner.close();
      inForce.close();
      await engine.close();
      log.info("stopped");
      await tracing.stop();
    },
  };
}

/** Undefined where nobody can sign in: that takes the App's client id and secret. */
function peopleOf({ app, githubApiUrl }: Settings, calls: Calls): People | undefined {
  const { clientId, clientSecret } = app;
  if (clientId === undefined || clientSecret === undefined) return undefined;
  return connectPeople({ clientId, clientSecret, ...calls, baseUrl: githubApiUrl, webUrl: githubWebUrl(githubApiUrl) });
}

/** `http://host:port` that the server listens on, from now on if it did not yet. */
export function listen(server: Server, host: string, port: number): Promise<string> {
  const url = (): string => {
    const address = server.address() as AddressInfo;
    return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
  };
  if (server.listening) return Promise.resolve(url());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      resolve(url());
    });
  });
}
