import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ACTION_BUNDLE, actionBundle } from "../../scripts/action-bundle.ts";

test('the committed bundle of the Action is what its sources give; if not, run "npm run actions"', async () => {
  const bundle = await actionBundle();
  expect(readFileSync(ACTION_BUNDLE).equals(bundle)).toBe(true);
});
