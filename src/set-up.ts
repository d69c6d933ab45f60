import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { githubAppRegistration } from "./adapters/github/app-registration.ts";
import { listen } from "./compose.ts";
import { credentialsOf } from "./config/app-credentials.ts";
import { readAppDefinition } from "./config/app-definition.ts";
import { githubWebUrl } from "./config/github-web-url.ts";
import {
  noteRegistration,
  probeDirectory,
  readNotedRegistration,
  type SavedApp,
  savedAppPath,
  writeSavedApp,
} from "./config/saved-app.ts";
import type { Settings, SetUpSettings } from "./config/settings.ts";
import { httpApp } from "./portal/http.ts";
import { newSecret, SetupAccess } from "./portal/setup/access.ts";
import { setupRoutes } from "./portal/setup/setup.ts";
import { systemClock } from "./ports/clock.ts";
import { createLog } from "./telemetry/log.ts";

/**
 * Set-up mode: everything but the App is there. Shows the set-up page on the port of the service until GitHub has handed out an App's credentials
 * and they are saved; `serve` then goes on with them in the same process, on the same server.
 * Rejects when the directory for them cannot be written or the port not be had.
 */
export async function startSetUp(
  given: SetUpSettings,
  options: {
    /** Puts its own listener on the server, which already listens. */
    serve(settings: Settings, overrides: { server: Server }): Promise<unknown>;
    /** Where the address with the token is told: once, and nowhere else. */
    print(text: string): void;
  },
): Promise<{ stop(): Promise<void> }> {
  const log = createLog(given.logLevel);
  try {
    probeDirectory(given.dataDir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `HMS_DATA_DIR (${given.dataDir}) cannot be written (${code ?? "error"}), and set-up saves the App's credentials there`,
    );
  }
  const server = createServer();
  const url = await listen(server, given.host, given.port);
  // With PORT=0 the address is known only now.
  const publicUrl = given.port === 0 && given.publicUrl.endsWith(":0") ? url : given.publicUrl;
  const settings = { ...given, publicUrl };
  const warnings = reachability(publicUrl, given.githubApiUrl);
  const unfinished = readNotedRegistration(given.dataDir);
  const token = newSecret();
  let saved: SavedApp | undefined;
  const routes = setupRoutes({
    access: new SetupAccess(token, () => systemClock.now()),
    definition: readAppDefinition(),
    publicUrl,
    githubWebUrl: githubWebUrl(given.githubApiUrl),
    allowedOwners: given.allowedOwners,
    warnings,
    unfinished,
    registration: githubAppRegistration(given.githubApiUrl, () => systemClock.now()),
    probeDirectory: () => probeDirectory(given.dataDir),
    note: (owner, appsUrl) =>
      noteRegistration(given.dataDir, { beganAt: new Date(systemClock.now()).toISOString(), owner, appsUrl }),
    save(app) {
      saved = writeSavedApp(given.dataDir, { ...app, githubApiUrl: given.githubApiUrl });
      log.info({ appId: app.id, owner: app.owner, path: savedAppPath(given.dataDir) }, "App registered and saved");
    },
    async configured() {
      if (!saved) throw new Error("nothing was saved");
      await options.serve({ ...settings, app: credentialsOf(saved) }, { server });
    },
    failed: (what, error) => log.warn({ what, err: error }, "set-up did not get further"),
  });
  const http = httpApp(routes, async () => undefined, {
    publicUrl,
    now: () => systemClock.now(),
    failed: (error) => log.error({ err: error }, "request failed"),
  });
  const listener = getRequestListener(http.fetch);
  server.on("request", (request, response) => void listener(request, response));
  log.info({ url }, "waiting to be set up");
  options.print(announcement(`${publicUrl}/setup?token=${token}`, unfinished, warnings));
  return {
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function announcement(
  address: string,
  unfinished: { owner: string; appsUrl: string } | undefined,
  warnings: readonly string[],
): string {
  const notice = unfinished
    ? `\nAn App was registered for ${unfinished.owner} before, but its credentials were never saved here.\nDelete it on GitHub first: ${unfinished.appsUrl}\n`
    : "";
  return `\nHMS-SYS is not set up yet: there are no credentials of a GitHub App.${notice}
To set it up, open this address in a browser. It works once; start again for a new one.

    ${address}

${warnings.map((warning) => `${warning}\n\n`).join("")}`;
}

/** Sentences for the page, where GitHub will not reach us as things stand. */
function reachability(publicUrl: string, githubApiUrl: string): string[] {
  const { protocol, hostname } = new URL(publicUrl);
  const here = (name: string): boolean => /^(?:localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\])$/.test(name);
  if (here(hostname) && !here(new URL(githubApiUrl).hostname))
    return [
      `GitHub cannot reach ${publicUrl}. Set HMS_PUBLIC_URL to the address of your proxy or tunnel and start again: the App's webhook will be sent there.`,
    ];
  if (protocol !== "https:" && !here(hostname))
    return [
      "HMS_PUBLIC_URL is not https: the session of this page and what GitHub sends cross the network in the clear.",
    ];
  return [];
}
