import { join } from "node:path";
import { defineConfig } from "vitest/config";

const CLUSTER = "test/real/cluster/**/*.test.ts";

/** Tests against real programs; run by `npm run test:real`, which builds the programs first. */
export default defineConfig({
  root: join(import.meta.dirname, "../.."),
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    projects: [
      {
        extends: true,
        test: { name: "real", include: ["test/real/**/*.test.ts"], exclude: ["**/node_modules/**", CLUSTER] },
      },
      // These share one Kubernetes with Argo CD, which starts only where one of them runs.
      {
        extends: true,
        test: { name: "cluster", include: [CLUSTER], globalSetup: "test/real/bed/global-setup.ts" },
      },
    ],
  },
});
