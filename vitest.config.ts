import { defineConfig } from "vitest/config";

/** Layers of design §12 with a folder of their own, and the Action, whose bundle runs as processes. Every other test mirrors `src/` and is a unit test. */
const LAYERS = ["contract", "system", "crash", "simulation", "actions"];
/** Run by runners of their own: `npm run test:real`, `npm run test:conformance`, `npm run bench`. */
const ELSEWHERE = ["real", "conformance", "bench"];

const never = ["**/node_modules/**", "data/**"];

function layer(name: string) {
  return {
    extends: true as const,
    test: { name, include: [`test/${name}/**/*.test.ts`], exclude: never, testTimeout: 60_000, hookTimeout: 60_000 },
  };
}

export default defineConfig({
  test: {
    passWithNoTests: true,
    // Only a failure waits so long; the usual second is too short where others use the machine as well.
    expect: { poll: { timeout: 15_000 } },
    // Most of them wait for processes that they started: more at once than there are cores to spare.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          // None of them changes what another imports (test/tidiness looks), and most take less time than their imports.
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: [...never, ...[...LAYERS, ...ELSEWHERE].map((folder) => `test/${folder}/**`)],
          testTimeout: 20_000,
        },
      },
      ...LAYERS.map(layer),
    ],
  },
});
