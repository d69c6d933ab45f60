import { join } from "node:path";
import { defineConfig } from "vitest/config";

const CLUSTER = "test/real/cluster/**/*.test.ts";

/** Tests against real programs; run by `npm run test:real`, which builds the programs first. */
export default defineConfig({
  root: join(import.meta.dirname, "../.."),
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Only a failure waits so long.
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          exclude: ["**/node_modules/**", CLUSTER],
          fileParallelism: false,
          sequence: { groupOrder: 0 },
        },
      },
      // These share one Kubernetes with Argo CD, which starts only where one of them runs. They wait for clusters more than they work.
      {
        extends: true,
        test: {
          name: "cluster",
          include: [CLUSTER],
          globalSetup: "test/real/bed/global-setup.ts",
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
