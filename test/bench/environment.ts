import { generateKeyPairSync } from "node:crypto";
import { WEBHOOK_SECRET } from "./deliveries.ts";

/** What the process needs to start, with a private key that nobody else has. */
export function benchEnvironment(options: {
  port: number;
  dataDir: string;
  githubUrl: string;
}): Record<string, string> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    PORT: String(options.port),
    HMS_DATA_DIR: options.dataDir,
    HMS_ONBOARDING: "off",
    APP_ID: "1",
    PRIVATE_KEY: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    WEBHOOK_SECRET,
    GITHUB_API_URL: options.githubUrl,
    LOG_LEVEL: "info",
    // `HMS_BENCH_PROFILE=DIR npm run bench -- --only acceptances` leaves a CPU profile of the process there.
    ...(process.env.HMS_BENCH_PROFILE
      ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${process.env.HMS_BENCH_PROFILE}` }
      : {}),
  };
}
