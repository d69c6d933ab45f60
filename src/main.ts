import { compose } from "./compose.ts";
import { readSettings } from "./config/settings.ts";
import { CredentialsError } from "./credentials.ts";
import { startSetUp } from "./set-up.ts";

/**
 * `npm start`: reads the environment, starts, and stops on SIGTERM or SIGINT. Without an App's credentials it starts in set-up mode and goes on to
 * serve once there are some. Exit code 78 (EX_CONFIG): the environment is not usable, or not for GitHub.
 */
async function main(): Promise<void> {
  const read = readSettings(process.env);
  for (const warning of read.warnings) process.stderr.write(`hms: warning: ${warning}\n`);
  if ("problems" in read) {
    for (const problem of read.problems) process.stderr.write(`hms: ${problem}\n`);
    process.exit(78);
  }
  let running: { stop(): Promise<void> };
  const serve: typeof compose = async (settings, overrides) => {
    const service = await compose(settings, overrides);
    process.on("unhandledRejection", (error) => service.log.error({ err: error }, "unhandled rejection"));
    running = service;
    return service;
  };
  try {
    if ("settings" in read) running = await serve(read.settings);
    else running = await startSetUp(read.setUp, { serve, print: (text) => process.stdout.write(text) });
  } catch (error) {
    process.stderr.write(`hms: cannot start: ${error instanceof Error ? error.message : "unknown error"}\n`);
    process.exit(error instanceof CredentialsError ? 78 : 1);
  }
  const stop = (): void => {
    // A second signal, or an end that hangs, must not keep the process: what was accepted is durable anyway.
    setTimeout(() => process.exit(1), 29_000).unref();
    process.once("SIGTERM", () => process.exit(1)).once("SIGINT", () => process.exit(130));
    running.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
}

await main();
