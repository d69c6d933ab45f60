import { compose, type Service } from "./compose.ts";
import { readSettings } from "./config/settings.ts";
import { CredentialsError } from "./credentials.ts";

/** `npm start`: reads the environment, starts, and stops on SIGTERM or SIGINT. Exit code 78 (EX_CONFIG): the environment is not usable, or not for GitHub. */
async function main(): Promise<void> {
  const read = readSettings(process.env);
  for (const warning of read.warnings) process.stderr.write(`hms: warning: ${warning}\n`);
  if ("problems" in read) {
    for (const problem of read.problems) process.stderr.write(`hms: ${problem}\n`);
    process.exit(78);
  }
  if ("setUp" in read) {
    process.stderr.write("hms: APP_ID, PRIVATE_KEY (or PRIVATE_KEY_PATH) and WEBHOOK_SECRET are missing\n");
    process.exit(78);
  }
  let service: Service;
  try {
    service = await compose(read.settings);
  } catch (error) {
    process.stderr.write(`hms: cannot start: ${error instanceof Error ? error.message : "unknown error"}\n`);
    process.exit(error instanceof CredentialsError ? 78 : 1);
  }
  const stop = (): void => {
    // A second signal, or an end that hangs, must not keep the process: what was accepted is durable anyway.
    setTimeout(() => process.exit(1), 29_000).unref();
    process.once("SIGTERM", () => process.exit(1)).once("SIGINT", () => process.exit(130));
    service.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
  process.on("unhandledRejection", (error) => service.log.error({ err: error }, "unhandled rejection"));
}

await main();
