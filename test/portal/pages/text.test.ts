import { expect, test } from "vitest";
import { ahead } from "../../../src/portal/pages/text.ts";

const HOUR_MS = 3_600_000;

test.each([
  [0, "now"],
  [30_000, "in 30 s"],
  [8 * HOUR_MS - 6_000, "in 8 h"],
  [7 * HOUR_MS, "in 7 h"],
  [72 * HOUR_MS - 6_000, "in 3 days"],
])("%i ms ahead: %s", async (ms, words) => {
  expect(String(await ahead(ms, 0))).toContain(`>${words}</time>`);
});
