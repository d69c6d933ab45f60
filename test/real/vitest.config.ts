import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Tests against real programs; run by `npm run test:real`, which builds the programs first. */
export default defineConfig({
  root: join(import.meta.dirname, "../.."),
  test: {
    name: "real",
    globalSetup: "test/real/bed/global-setup.ts",
    include: ["test/real/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
